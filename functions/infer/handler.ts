import { handlerOf } from '../shared/handler.ts'
import { infer, inferEvent } from './index.ts'

export const inferHandler = handlerOf(inferEvent, infer)

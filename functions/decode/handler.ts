import { handlerOf } from '../shared/handler.ts'
import { decode, decodeEvent } from './index.ts'

export const decodeHandler = handlerOf(decodeEvent, decode)

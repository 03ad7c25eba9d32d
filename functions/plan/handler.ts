import { handlerOf } from '../shared/handler.ts'
import { plan, planEvent } from './index.ts'

export const planHandler = handlerOf(planEvent, plan)

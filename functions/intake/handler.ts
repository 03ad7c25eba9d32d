import { handlerOf } from '../shared/handler.ts'
import { intake, intakeEvent } from './index.ts'

export const intakeHandler = handlerOf(intakeEvent, intake)

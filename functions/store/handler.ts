import { handlerOf } from '../shared/handler.ts'
import { store, storeEvent } from './index.ts'

export const storeHandler = handlerOf(storeEvent, store)

import { handlerOf } from '../shared/handler.ts'
import { render, renderEvent } from './index.ts'

export const renderHandler = handlerOf(renderEvent, render)

import { lambdaEntry, openCloud } from '../cloud/entry.ts'
import { renderHandler } from './handler.ts'

export const handler = lambdaEntry(renderHandler, openCloud)

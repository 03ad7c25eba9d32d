import { lambdaEntry, openCloud } from '../cloud/entry.ts'
import { inferHandler } from './handler.ts'

export const handler = lambdaEntry(inferHandler, openCloud)

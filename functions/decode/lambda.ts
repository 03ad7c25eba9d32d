import { lambdaEntry, openCloud } from '../cloud/entry.ts'
import { decodeHandler } from './handler.ts'

export const handler = lambdaEntry(decodeHandler, openCloud)

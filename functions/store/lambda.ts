import { lambdaEntry, openCloud } from '../cloud/entry.ts'
import { storeHandler } from './handler.ts'

export const handler = lambdaEntry(storeHandler, openCloud)

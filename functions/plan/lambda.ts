import { lambdaEntry, openCloud } from '../cloud/entry.ts'
import { planHandler } from './handler.ts'

export const handler = lambdaEntry(planHandler, openCloud)

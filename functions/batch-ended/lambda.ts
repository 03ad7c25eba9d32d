import { Logger } from '@aws-lambda-powertools/logger'
import { SFNClient } from '@aws-sdk/client-sfn'
import { failToken } from '../cloud/token.ts'
import { batchJobFailed, tellOfLost } from './index.ts'

const client = new SFNClient()
const logger = new Logger()

/** Where Step Functions cannot be told, that is thrown, so that Lambda comes again. */
export const handler = async (event: unknown) => {
  const { fault, told, ...asked } = await tellOfLost(
    (token, fault) => failToken(client, token, fault),
    batchJobFailed.parse(event)
  )
  if (told) logger.error(fault.message, { ...asked, fault: fault.toJSON() })
}

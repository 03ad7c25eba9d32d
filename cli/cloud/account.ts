import { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { S3Client } from '@aws-sdk/client-s3'
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import { SFNClient } from '@aws-sdk/client-sfn'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { Fault } from '../../events/faults.ts'
import { createClient } from '../../functions/shared/storage.ts'
import { asked } from './asked.ts'
import { checkProfile, profileName } from './profile.ts'

/** An AWS account, in one region: all that the commands touch of it, so that a test can hand in its own. */
export interface Account {
  region: string
  cloudFormation: Pick<CloudFormationClient, 'send'>
  events: Pick<EventBridgeClient, 'send'>
  logs: Pick<CloudWatchLogsClient, 'send'>
  machines: Pick<SFNClient, 'send'>
  quotas: Pick<ServiceQuotasClient, 'send'>
  s3: S3Client
  sts: Pick<STSClient, 'send'>
}

/** Throttled requests are made again, ever later. */
export const clientOptions = { maxAttempts: 6 }

/**
 * The account and region that AWS's usual environment names (AWS_PROFILE, AWS_REGION and the files behind them).
 * @throws Fault profile-missing, region-missing
 */
export const openAccount = async (): Promise<Account> => {
  await checkProfile()
  const region = await new STSClient(clientOptions).config.region().catch((error: unknown) => {
    throw new Fault('region-missing', { profile: profileName() }, { cause: error })
  })
  const here = { ...clientOptions, region }
  return {
    region,
    cloudFormation: new CloudFormationClient(here),
    events: new EventBridgeClient(here),
    logs: new CloudWatchLogsClient(here),
    machines: new SFNClient(here),
    quotas: new ServiceQuotasClient(here),
    s3: createClient({ region }),
    sts: new STSClient(here)
  }
}

/** Who we are there. @throws Fault as `asked` does */
export const identityOf = async ({ sts }: Account) => {
  const { Account, Arn } = await asked('say who we are', () => sts.send(new GetCallerIdentityCommand()))
  return { account: Account!, arn: Arn!, partition: Arn!.split(':')[1] }
}

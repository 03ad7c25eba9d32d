import { GetAWSDefaultServiceQuotaCommand, GetServiceQuotaCommand } from '@aws-sdk/client-service-quotas'
import { isFault } from '../../events/faults.ts'
import { identityOf, type Account } from './account.ts'
import { asked } from './asked.ts'
import { describeStack, outputsOf } from './stack.ts'

/** What `doctor` found of one thing. */
export interface Check {
  name: string
  state: 'ok' | 'warning' | 'problem'
  says: string
  /** What to do, where it is not ok. */
  next?: string
}

/** Which the synthesised app asks for. */
const bootstrapVersion = 6

/** Quotas of the account, with what a deployment of default options makes use of. */
const quotas = [
  {
    name: 'functions',
    service: 'lambda',
    code: 'L-B99A9384',
    // 40 segments of one job at a time, and what else is under way.
    needed: 50,
    what: 'functions at a time',
    without: 'jobs wait for one another'
  },
  {
    name: 'gpus',
    service: 'ec2',
    code: 'L-DB2E81BA',
    // Those of the smallest instance with a GPU.
    needed: 4,
    what: 'vCPUs of on-demand G and VT instances',
    without: 'there are no GPUs, which only compute "gpu" and "batch" need'
  }
]

/**
 * Whether a deployment would go well in the account.
 * @throws Fault as `asked` does, where not even that can be said who we are
 */
export const checkAccount = async (account: Account): Promise<Check[]> => {
  const { account: number, arn } = await identityOf(account)
  return [
    { name: 'identity', state: 'ok', says: `${arn} in ${account.region}` },
    await tolerant('bootstrap', () => checkBootstrap(account, number)),
    ...(await Promise.all(quotas.map(quota => tolerant(quota.name, () => checkQuota(account, quota)))))
  ]
}

/** What cannot be found out is no problem by itself. */
const tolerant = async (name: string, check: () => Promise<Check>): Promise<Check> => {
  try {
    return await check()
  } catch (error) {
    if (!isFault(error)) throw error
    return { name, state: 'warning', says: error.message, next: error.next }
  }
}

const checkBootstrap = async (account: Account, number: string): Promise<Check> => {
  const found = await describeStack(account, 'CDKToolkit')
  const version = Number(found && outputsOf(found).BootstrapVersion)
  if (version >= bootstrapVersion)
    return { name: 'bootstrap', state: 'ok', says: `version ${version}, ${bootstrapVersion} is needed` }
  return {
    name: 'bootstrap',
    state: 'problem',
    says: found
      ? `version ${version || 'unknown'}, ${bootstrapVersion} is needed`
      : 'the account is not prepared for the CDK in this region',
    next: `npx cdk bootstrap aws://${number}/${account.region} -c retention=keep`
  }
}

const checkQuota = async (
  account: Account,
  { name, service, code, needed, what, without }: (typeof quotas)[number]
): Promise<Check> => {
  const quota = { ServiceCode: service, QuotaCode: code }
  const { Quota } = await asked(`say the quota ${code}`, async () => {
    try {
      return await account.quotas.send(new GetServiceQuotaCommand(quota))
    } catch (error) {
      // Of a quota that was never changed there may be no more than the default.
      if ((error as Error).name !== 'NoSuchResourceException') throw error
      return await account.quotas.send(new GetAWSDefaultServiceQuotaCommand(quota))
    }
  })
  const says = `${Quota!.Value} ${what}, ${needed} are needed`
  if (Quota!.Value! >= needed) return { name, state: 'ok', says }
  return {
    name,
    state: 'warning',
    says: `${says}: ${without}`,
    next: `ask for more: https://${account.region}.console.aws.amazon.com/servicequotas/home/services/${service}/quotas/${code}`
  }
}

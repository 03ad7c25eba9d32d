import {
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  type Stack as StackDescription
} from '@aws-sdk/client-cloudformation'
import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import { openStorage } from '../../functions/shared/storage.ts'
import type { Account } from './account.ts'
import { asked, pagesOf } from './asked.ts'

/** A deployment of clipmill, as infra/outputs.ts tells of it. */
export interface Stack {
  name: string
  /** CloudFormation's word. */
  state: string
  arn: string
  /** Names of the buckets and the bus. */
  uploads: string
  results: string
  bus: string
  /** ARN of each task's state machine. */
  machines: Record<string, string>
  /** In which all log, where one was handed in; else the stack has groups of its own. */
  logGroup?: string | undefined
}

const outputs = z.object({
  Uploads: z.string(),
  Results: z.string(),
  Bus: z.string(),
  Machines: z
    .string()
    .transform(text => JSON.parse(text) as unknown)
    .pipe(z.record(z.string(), z.string())),
  LogGroup: z.string().optional()
})

/** @throws Fault usage-wrong where no stack can have that name */
export const checkStackName = (name: string) => {
  if (!/^[a-zA-Z][a-zA-Z0-9-]{0,127}$/.test(name))
    throw new Fault('usage-wrong', { problem: `"${name}" cannot be the name of a stack` })
}

/** CloudFormation's description of a stack; undefined where there is none of that name. */
export const describeStack = async (
  { cloudFormation }: Account,
  name: string
): Promise<StackDescription | undefined> => {
  checkStackName(name)
  return asked(`describe the stack ${name}`, async () => {
    try {
      const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }))
      return Stacks?.[0]
    } catch (error) {
      // Of a name that is well formed, this says that there is no such stack.
      if ((error as Error).name === 'ValidationError') return undefined
      throw error
    }
  })
}

/** @throws Fault stack-missing; as `asked` does */
export const readStack = async (account: Account, name: string): Promise<Stack> => {
  const { region } = account
  const found = await describeStack(account, name)
  if (!found) throw new Fault('stack-missing', { stack: name, region })
  const state = found.StackStatus!
  const parsed = outputs.safeParse(outputsOf(found))
  if (!parsed.success) throw new Fault('stack-missing', { stack: name, region, state })
  const { Uploads: uploads, Results: results, Bus: bus, Machines: machines, LogGroup: logGroup } = parsed.data
  return { name, state, arn: found.StackId!, uploads, results, bus, machines, logGroup }
}

/** Values of a stack's outputs, by name. */
export const outputsOf = ({ Outputs = [] }: StackDescription): Record<string, string> =>
  Object.fromEntries(Outputs.map(({ OutputKey, OutputValue }) => [OutputKey!, OutputValue!]))

export interface Resource {
  /** In the template. */
  logical: string
  /** E.g. `AWS::S3::Bucket`. */
  type: string
  /** What AWS knows it by: a name or an ARN. */
  id: string
}

/** What the stack consists of. */
export const resourcesOf = async ({ cloudFormation }: Account, stack: string): Promise<Resource[]> => {
  const resources: Resource[] = []
  const pages = pagesOf(
    (NextToken: string | undefined) =>
      asked(`list what the stack ${stack} consists of`, () =>
        cloudFormation.send(new ListStackResourcesCommand({ StackName: stack, NextToken }))
      ),
    page => page.NextToken
  )
  for await (const { StackResourceSummaries = [] } of pages)
    for (const {
      LogicalResourceId,
      ResourceType,
      PhysicalResourceId,
      ResourceStatus
    } of StackResourceSummaries)
      if (ResourceStatus !== 'DELETE_COMPLETE' && PhysicalResourceId !== undefined)
        resources.push({ logical: LogicalResourceId!, type: ResourceType!, id: PhysicalResourceId })
  return resources
}

/** Names of the groups that functions and machines log into. */
export const logGroupsOf = async (account: Account, { name, logGroup }: Stack): Promise<string[]> => [
  ...(await resourcesOf(account, name)).flatMap(({ type, id }) => (type === 'AWS::Logs::LogGroup' ? id : [])),
  ...(logGroup === undefined ? [] : [logGroup])
]

const template = z.object({
  Resources: z.record(z.string(), z.looseObject({ DeletionPolicy: z.string().default('Delete') }))
})

/** What the stack was made of, by logical name. */
export const readTemplate = async ({ cloudFormation }: Account, stack: string) => {
  const { TemplateBody } = await asked(`read the template of ${stack}`, () =>
    cloudFormation.send(new GetTemplateCommand({ StackName: stack, TemplateStage: 'Processed' }))
  )
  return template.parse(JSON.parse(TemplateBody!)).Resources
}

/** Logical names of what stays when the stack goes. */
export const retainedOf = async (account: Account, stack: string): Promise<Set<string>> =>
  new Set(
    Object.entries(await readTemplate(account, stack)).flatMap(([logical, { DeletionPolicy }]) =>
      DeletionPolicy.startsWith('Retain') ? logical : []
    )
  )

/** The bucket that results, and work in progress, are in. */
export const openResults = ({ s3 }: Account, { results }: Stack) =>
  openStorage({ bucket: results, client: s3 })

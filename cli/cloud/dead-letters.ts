import { z } from 'zod'
import type { Account } from './account.ts'
import { readTemplate, resourcesOf, type Stack } from './stack.ts'

/** What takes events in, as AWS knows it: a queue by its address, a function by its name. */
export interface Target {
  kind: 'queue' | 'function'
  id: string
}

export interface DeadLetters {
  /** Address of the queue in which events end that could not be delivered or dealt with; undefined where there is none. */
  queue: string | undefined
  /** By source of events, what the stack's rules deliver them to. */
  targets: Record<string, Target>
}

const arnOf = z
  .object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) })
  .transform(({ 'Fn::GetAtt': [logical] }) => logical)

/** A rule of EventBridge with one target, which has a queue for dead letters. */
const ruleWithDeadLetters = z.object({
  Type: z.literal('AWS::Events::Rule'),
  Properties: z.object({
    EventPattern: z.object({ source: z.array(z.string()) }),
    Targets: z.tuple([z.object({ Arn: arnOf, DeadLetterConfig: z.object({ Arn: arnOf }) })])
  })
})

const kinds: Record<string, Target['kind']> = {
  'AWS::SQS::Queue': 'queue',
  'AWS::Lambda::Function': 'function'
}

/** Where dead letters are, and where what they carry belongs: as the rules of the stack's template say. */
export const findDeadLetters = async (account: Account, { name }: Stack): Promise<DeadLetters> => {
  const resources = new Map((await resourcesOf(account, name)).map(one => [one.logical, one]))
  const found: DeadLetters = { queue: undefined, targets: {} }
  for (const resource of Object.values(await readTemplate(account, name))) {
    const rule = ruleWithDeadLetters.safeParse(resource).data?.Properties
    if (!rule) continue
    const [{ Arn, DeadLetterConfig }] = rule.Targets
    const target = resources.get(Arn)
    if (!target || !Object.hasOwn(kinds, target.type)) continue
    found.queue = resources.get(DeadLetterConfig.Arn)?.id
    for (const source of rule.EventPattern.source)
      found.targets[source] = { kind: kinds[target.type], id: target.id }
  }
  return found
}

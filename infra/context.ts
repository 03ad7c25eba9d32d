import * as logs from 'aws-cdk-lib/aws-logs'
import type { Node } from 'constructs'
import { z } from 'zod'
import { tasks } from '../tasks/index.ts'
import { problemsOf } from '../events/problems.ts'
import { computes, sizeClasses } from '../functions/cost/basis.ts'

/** Values given by `-c` are texts. */
const list = z.union([z.array(z.string()), z.string().transform(text => text.split(','))])
const number = z.coerce.number().positive()
/** `track-many=batch,segment=gpu`, or as an object. */
const pairs = z
  .string()
  .transform((text): unknown => Object.fromEntries(text.split(',').map(pair => pair.split('='))))
const whole = number.pipe(z.int())
const days = z.coerce.number().pipe(z.enum(logs.RetentionDays))

const compute = z
  .record(z.string(), z.enum(computes))
  .refine(
    given => Object.keys(given).every(task => Object.hasOwn(tasks, task)),
    'it names a task that is not there'
  )

/** The options of a deployment as they stand in cdk.json or are given by `-c`: see ClipmillProps. */
const options = z.strictObject({
  stackName: z.string().default('Clipmill'),
  retention: z.enum(
    ['keep', 'destroy'],
    'choose "keep" or "destroy": whether clips and results outlive the stack'
  ),
  tasks: list.pipe(z.array(z.enum(Object.keys(tasks)))).optional(),
  compute: compute.or(pairs.pipe(compute)).optional(),
  size: z.enum(Object.keys(sizeClasses) as [keyof typeof sizeClasses]).optional(),
  architecture: z.enum(['arm64', 'x64']).optional(),
  models: list.optional(),
  maxParallel: whole.optional(),
  workDays: whole.optional(),
  logRetention: days.optional(),
  alarmAddress: z.email().optional(),
  monthlyBudget: number.optional(),
  webhook: z.url({ protocol: /^https$/, error: 'give an address that begins with https://' }).optional(),
  malwareGate: z.stringbool().or(z.boolean()).optional(),
  maxFrames: whole.optional(),
  maxCost: number.optional()
})

/** @throws Error that names each option which is not as it should be */
export const clipmillContext = (node: Node) => {
  const given = Object.keys(options.shape).flatMap(name => {
    const value: unknown = node.tryGetContext(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  // The CDK's own have other characters in their names.
  const unknown = Object.keys(node.getAllContext() as object).filter(
    name => /^\w+$/.test(name) && !Object.hasOwn(options.shape, name)
  )
  const parsed = options
    .refine(({ monthlyBudget, alarmAddress }) => monthlyBudget === undefined || alarmAddress !== undefined, {
      path: ['monthlyBudget'],
      message: 'it is told to the alarmAddress, which is not given'
    })
    .safeParse(Object.fromEntries(given))
  const problems = [
    ...unknown.map(
      name => `${name}: there is no such option; there are ${Object.keys(options.shape).join(', ')}`
    ),
    ...(parsed.success ? [] : problemsOf(parsed.error))
  ]
  if (parsed.success && unknown.length === 0) return parsed.data
  throw new Error(`the options of the deployment, in cdk.json or by -c name=value:\n${problems.join('\n')}`)
}

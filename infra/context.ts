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
  webhook: z.url({ protocol: /^https$/ }).optional(),
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
  const parsed = options.safeParse(Object.fromEntries(given))
  if (parsed.success) return parsed.data
  throw new Error(
    `the options of the deployment, in cdk.json or by -c name=value:\n${problemsOf(parsed.error).join('\n')}`
  )
}

import { Token } from 'aws-cdk-lib'
import * as logs from 'aws-cdk-lib/aws-logs'
import { z } from 'zod'
import { Fault } from '../events/faults.ts'
import { problemsOf } from '../events/problems.ts'
import { computes, sizeClasses } from '../functions/cost/basis.ts'
import { tasks } from '../tasks/index.ts'

const task = z.enum(Object.keys(tasks))
const dollars = z.number().positive()
const count = z.int().positive()
/** A text of a form, or what only CloudFormation knows. */
const known = (schema: z.ZodType<string>) =>
  z.string().superRefine((text, ctx) => {
    if (Token.isUnresolved(text)) return
    for (const { message } of schema.safeParse(text).error?.issues ?? [])
      ctx.addIssue({ code: 'custom', message })
  })

/** What a deployment can be told, but for what is handed in: see ClipmillProps. */
export const options = z.strictObject({
  retention: z.enum(
    ['keep', 'destroy'],
    'choose "keep" or "destroy": whether clips and results outlive the stack'
  ),
  tasks: z
    .array(task)
    .min(1, 'name a task')
    .refine(names => new Set(names).size === names.length, 'it names a task twice')
    .optional(),
  compute: z
    .record(z.string(), z.enum(computes))
    .refine(
      given => Object.keys(given).every(name => Object.hasOwn(tasks, name)),
      'it names a task that is not there'
    )
    .optional(),
  size: z.enum(Object.keys(sizeClasses) as [keyof typeof sizeClasses]).optional(),
  architecture: z.enum(['arm64', 'x64']).optional(),
  models: z.array(z.string()).optional(),
  maxParallel: count.optional(),
  workDays: count.optional(),
  logRetention: z.enum(logs.RetentionDays).optional(),
  alarmAddress: known(z.email()).optional(),
  monthlyBudget: dollars.optional(),
  dailyBudget: dollars.optional(),
  webhook: known(
    z.url({ protocol: /^https$/, error: 'give an address that begins with https://' })
  ).optional(),
  malwareGate: z.boolean().optional(),
  maxFrames: count.optional(),
  maxCost: dollars.optional()
})

/** @throws Fault deployment-invalid, which names all that is wrong; `others` is wrong besides */
export const checkOptions = <Schema extends z.ZodType<Partial<z.infer<typeof options>>>>(
  schema: Schema,
  given: unknown,
  others: string[] = []
): z.infer<Schema> => {
  const parsed = schema
    .superRefine(({ alarmAddress, ...budgets }, ctx) => {
      for (const name of ['monthlyBudget', 'dailyBudget'] as const)
        if (budgets[name] !== undefined && alarmAddress === undefined)
          ctx.addIssue({
            code: 'custom',
            path: [name],
            message: 'it is told to the alarmAddress, which is not given'
          })
    })
    .safeParse(given)
  if (parsed.success && others.length === 0) return parsed.data
  throw new Fault('deployment-invalid', {
    problems: [...others, ...(parsed.success ? [] : problemsOf(parsed.error))]
  })
}

import { z } from 'zod'
import { S3Error } from './errors.ts'
import { limits } from './limits.ts'

/** The policy of a form: what may be uploaded with it ("POST Policy", Amazon S3 API Reference). */

type Condition = ['content-length-range', number, number] | ['eq' | 'starts-with', string, string]

/** A form's fields by name in lower case. */
export type Fields = Map<string, string>

// Some SDKs write the bounds as strings.
const bound = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(z.int().nonnegative())
const condition = z.union([
  z.tuple([z.literal('content-length-range'), bound, bound]).transform((one): Condition[] => [one]),
  z
    .tuple([z.enum(['eq', 'starts-with']), z.string().startsWith('$'), z.string()])
    .transform((one): Condition[] => [one]),
  z
    .record(z.string(), z.string())
    .transform(fields => Object.entries(fields).map(([name, value]): Condition => ['eq', `$${name}`, value]))
])
const policySchema = z.looseObject({ expiration: z.iso.datetime(), conditions: z.array(condition) })

const parsePolicy = (base64: string) => {
  try {
    return policySchema.parse(JSON.parse(Buffer.from(base64, 'base64').toString()))
  } catch {
    throw new S3Error('InvalidPolicyDocument')
  }
}

const free = (name: string) =>
  ['x-amz-signature', 'policy', 'file', 'bucket'].includes(name) || name.startsWith('x-ignore-')

/**
 * What the policy says of the file's size in bytes; everything else in it must hold for the fields, and each field be
 * named in it.
 * @throws S3Error AccessDenied, InvalidPolicyDocument
 */
export const checkPolicy = (base64: string, fields: Fields, bucket: string, now: number) => {
  const { expiration, conditions } = parsePolicy(base64)
  const refuse = (what: string) => new S3Error('AccessDenied', `Invalid according to Policy: ${what}`)
  if (!(now < Date.parse(expiration))) throw refuse('Policy expired')
  const size = { least: 0, most: limits.content }
  const named = new Set<string>()
  for (const one of conditions.flat()) {
    if (one[0] === 'content-length-range') {
      size.least = Math.max(size.least, one[1])
      size.most = Math.min(size.most, one[2])
      continue
    }
    const [how, field, wanted] = one
    const name = field.slice(1).toLowerCase()
    named.add(name)
    const value = name === 'bucket' ? bucket : fields.get(name)
    const holds = how === 'eq' ? value === wanted : value?.startsWith(wanted)
    if (!holds) throw refuse(`Policy Condition failed: ${JSON.stringify(one)}`)
  }
  const extra = [...fields.keys()].find(name => !free(name) && !named.has(name))
  if (extra !== undefined) throw refuse(`Extra input fields: ${extra}`)
  return size
}

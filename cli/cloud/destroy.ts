import { ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { Fault } from '../../events/faults.ts'
import { prices } from '../../functions/cost/prices.ts'
import type { Account } from './account.ts'
import { asked, pagesOf } from './asked.ts'
import { describeStack, resourcesOf, retainedOf } from './stack.ts'

interface Kept {
  type: string
  id: string
  /** Of a bucket, with older versions. */
  bytes?: number
  objects?: number
}
interface Fate {
  stack: string
  goes: { type: string; id: string }[]
  stays: Kept[]
  /** Buckets that would go, and cannot while there is anything in them. */
  toEmpty: Kept[]
  /** Of what stays. */
  dollarsAMonth: number
}

/** What would become of each part of a stack if the stack went. @throws Fault stack-missing */
export const readFate = async (account: Account, name: string): Promise<Fate> => {
  if (!(await describeStack(account, name)))
    throw new Fault('stack-missing', { stack: name, region: account.region })
  const retained = await retainedOf(account, name)
  const fate: Fate = { stack: name, goes: [], stays: [], toEmpty: [], dollarsAMonth: 0 }
  for (const { logical, type, id } of await resourcesOf(account, name)) {
    const part = { type, id, ...(type === 'AWS::S3::Bucket' && (await sizeOf(account, id))) }
    if (retained.has(logical)) fate.stays.push(part)
    else if (part.objects) fate.toEmpty.push(part)
    else fate.goes.push({ type, id })
  }
  const bytes = fate.stays.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
  fate.dollarsAMonth = (bytes / 1024 ** 3) * prices.s3.gbMonth
  return fate
}

/** Also of the versions that others took the place of: they are paid for, too. */
const sizeOf = async ({ s3 }: Account, bucket: string) => {
  const size = { bytes: 0, objects: 0 }
  const pages = pagesOf(
    (from: { KeyMarker?: string; VersionIdMarker?: string } | undefined) =>
      asked(`list the bucket ${bucket}`, () =>
        s3.send(new ListObjectVersionsCommand({ Bucket: bucket, ...from }))
      ),
    ({ IsTruncated, NextKeyMarker, NextVersionIdMarker }) =>
      IsTruncated ? { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker } : undefined
  )
  for await (const { Versions = [] } of pages) {
    size.objects += Versions.length
    for (const { Size = 0 } of Versions) size.bytes += Size
  }
  return size
}

export const fateLines = ({ stack, goes, stays, toEmpty, dollarsAMonth }: Fate) => [
  `${stack}: ${goes.length} of its parts go`,
  ...Object.entries(Object.groupBy(goes, ({ type }) => type)).map(
    ([type, parts]) => `  goes   ${type}${parts!.length > 1 ? ` (${parts!.length})` : ''}`
  ),
  ...toEmpty.map(part => `  empty  ${describe(part)}: has to be emptied first`),
  ...stays.map(part => `  stays  ${describe(part)}`),
  `what stays costs $${dollarsAMonth.toFixed(2)} a month for the buckets (prices of ${prices.date}); logs run out by themselves`
]

const describe = ({ type, id, bytes, objects }: Kept) =>
  `${type}  ${id}${bytes === undefined ? '' : `  ${objects} objects, ${(bytes / 1e9).toFixed(3)} GB`}`

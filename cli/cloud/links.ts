import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { Fault } from '../../events/faults.ts'
import type { Account } from './account.ts'
import { openRecords, stateOf } from './records.ts'
import { findRun } from './runs.ts'
import { openResults, type Stack } from './stack.ts'

interface Links {
  id: string
  /** When the links end: after the time that was asked for, or with the credentials that made them. */
  until: string
  files: { name: string; format: string; bytes: number; link: string }[]
}

const week = 7 * 24 * 3600
const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 }

/** Seconds that a text like `90`, `15m`, `1h` or `7d` says. @throws Fault usage-wrong */
export const secondsOf = (text: string): number => {
  const [, count, unit = 's'] = /^(\d+)([smhd])?$/.exec(text) ?? []
  const seconds = Number(count) * units[unit]
  if (seconds >= 1 && seconds <= week) return seconds
  throw new Fault('usage-wrong', { problem: '--expires takes 1s to 7d, e.g. 15m or 1h' })
}

/**
 * Links by which anybody can download the results of a job, the files of its manifest.
 * @param expires seconds
 * @throws Fault job-unknown; job-state where there are no results
 */
export const makeLinks = async (
  account: Account,
  stack: Stack,
  beginning: string,
  expires: number
): Promise<Links> => {
  const run = await findRun(account, stack, beginning)
  const record = await openRecords(openResults(account, stack))(run.job)
  if (!record.manifest)
    throw new Fault('job-state', {
      job: run.job,
      state: stateOf(run, record),
      wish: 'linked to',
      show: 'cloud logs'
    })
  const { job, files } = record.manifest
  const { expiration } = await account.s3.config.credentials()
  const until = Math.min(Date.now() + expires * 1000, expiration?.getTime() ?? Infinity)
  const link = (name: string) =>
    getSignedUrl(account.s3, new GetObjectCommand({ Bucket: stack.results, Key: `${job.results}${name}` }), {
      expiresIn: expires
    })
  return {
    id: run.job,
    until: new Date(until).toISOString(),
    files: await Promise.all(
      files.map(async ({ name, format, bytes }) => ({ name, format, bytes, link: await link(name) }))
    )
  }
}

export const linksLines = ({ until, files }: Links) => [
  ...files.flatMap(({ name, format, bytes, link }) => [`${name}  ${format} (${bytes} bytes)`, `  ${link}`]),
  `good until ${until}`
]

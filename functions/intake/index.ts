import { z } from 'zod'
import { Fault, isFault, type FaultRecord } from '../../events/faults.ts'
import { sideFile, ticket, type Job } from '../../events/job.ts'
import { problemsOf } from '../../events/problems.ts'
import { uploadEvent, type ToldUpload, type Upload } from '../../events/upload.ts'
import { tasks } from '../../tasks/index.ts'
import type { IntakeContext } from '../shared/context.ts'
import { about, makeJob } from '../shared/job.ts'
import { keys, refusedKey } from '../shared/keys.ts'

export const intakeEvent = uploadEvent

/** A ticket or side file that is larger was not written by a person. */
const longestText = 1_000_000
/** Bytes of a key that S3 takes. */
const longestKey = 1024

/**
 * Makes jobs of uploads and starts them. A clip `<task>/…/name.mp4` is one job, with options from its metadata
 * (`clipmill-options`, JSON) or from `name.mp4.json` beside it; a ticket `….job.json` names a clip and any number of
 * tasks. Other keys are none of our business. An upload is taken whole or refused whole; what is refused leaves an error
 * object in the results bucket.
 */
export const intake = async (context: IntakeContext, uploads: ToldUpload[]) => {
  const started: Job[] = []
  const refused: FaultRecord[] = []
  for (const upload of uploads) {
    try {
      const requests = await readRequests(context, await measured(context, upload))
      const jobs = requests.map(request => makeJob(request, context.models.digest, context.models.find))
      for (const job of jobs) await accept(context, job)
      started.push(...jobs)
    } catch (error) {
      if (!isFault(error) || error.retry === 'now') throw error
      refused.push(await refuse(context, upload, error))
    }
  }
  return { started, refused }
}
export type IntakeAnswer = Awaited<ReturnType<typeof intake>>

const accept = async (context: IntakeContext, job: Job) => {
  const { job: key } = keys(job.id)
  if (!(await context.results.exists(key))) {
    // Announced before it is written down: whoever dies in between announces it again.
    await context.announce({ type: 'job.accepted', ...about(context, job) })
    await context.results.putOnce(key, JSON.stringify(job), { contentType: 'application/json' })
  }
  await context.start(job)
}

const measured = async ({ uploads }: IntakeContext, { suspect, ...told }: ToldUpload): Promise<Upload> => {
  if (suspect !== undefined) throw new Fault('upload-suspect', { key: told.key, status: suspect })
  if (told.bytes !== undefined) return { ...told, bytes: told.bytes }
  const found = await uploads.head(told.key, told.version)
  if (!found) throw new Fault('clip-missing', { clip: told.key })
  return { ...told, bytes: found.size }
}

const refuse = async (context: IntakeContext, { bucket, key }: ToldUpload, fault: Fault) => {
  const record = fault.toJSON()
  await context.results.put(refusedKey(key), JSON.stringify({ bucket, key, ...record }, null, 2), {
    contentType: 'application/json'
  })
  await context.announce({
    type: 'upload.refused',
    bucket,
    key,
    at: context.now().toISOString(),
    fault: record
  })
  return record
}

const withoutFolder = (key: string) => key.replace(/^[^/]*\//, '')

/** What an upload asks for: nothing, one job, or what its ticket says. */
const readRequests = async (context: IntakeContext, upload: Upload) => {
  if (upload.key.endsWith('.job.json')) return readTicket(context, upload)
  const [folder] = upload.key.split('/', 1)
  if (!Object.hasOwn(tasks, folder) || upload.key.endsWith('.json') || upload.key.endsWith('/')) return []
  const beside = await readBeside(context, upload)
  return [{ clip: upload, name: withoutFolder(upload.key), task: folder, ...beside }]
}

const readTicket = async (context: IntakeContext, { bucket, key, version }: Upload) => {
  const { clip: clipKey, tasks } = parse(ticket, key, await readText(context, key, version))
  const found = await context.uploads.head(clipKey)
  if (!found) throw new Fault('clip-missing', { clip: clipKey })
  const clip = { bucket, key: clipKey, bytes: found.size, etag: found.etag, version: found.versionId }
  return tasks.map(task => ({ clip, name: withoutFolder(clipKey), ...task }))
}

/** Options and limits that came with a clip. */
const readBeside = async (context: IntakeContext, { key, version }: Upload) => {
  const metadata = (await context.uploads.head(key, version))?.metadata['clipmill-options']
  if (metadata !== undefined)
    return { options: parse(sideFile.shape.options, `the metadata of ${key}`, metadata) }
  const beside = `${key}.json`
  // Beside the longest keys there is no room for one.
  if (Buffer.byteLength(beside) > longestKey || !(await context.uploads.exists(beside)))
    return { options: {} }
  return parse(sideFile, beside, await readText(context, beside))
}

const readText = async ({ uploads }: IntakeContext, key: string, version?: string) => {
  const bytes = await uploads.getRange(key, 0, longestText + 1, version)
  if (bytes.length > longestText)
    throw new Fault('ticket-invalid', { key, problems: [`it is longer than ${longestText} bytes`] })
  return new TextDecoder().decode(bytes)
}

/** `text` as JSON of a schema; `what` says where it stands. */
const parse = <T>(schema: z.ZodType<T>, what: string, text: string): T => {
  const parsed = z
    .string()
    .transform((value, ctx) => {
      try {
        return JSON.parse(value) as unknown
      } catch {
        ctx.addIssue({ code: 'custom', message: 'it is not JSON' })
        return z.NEVER
      }
    })
    .pipe(schema)
    .safeParse(text)
  if (parsed.success) return parsed.data
  throw new Fault('ticket-invalid', { key: what, problems: problemsOf(parsed.error) })
}

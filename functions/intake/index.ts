import { Fault, isFault, type FaultRecord } from '../../events/faults.ts'
import { sideFile, ticket, type Job } from '../../events/job.ts'
import { uploadEvent, type Upload } from '../../events/upload.ts'
import { tasks } from '../../tasks/index.ts'
import type { IntakeContext } from '../shared/context.ts'
import { about, makeJob } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'

export const intakeEvent = uploadEvent

/**
 * Makes jobs of uploads and starts them. A clip `<task>/…/name.mp4` is one job, with options from its metadata
 * (`clipmill-options`, JSON) or from `name.mp4.json` beside it; a ticket `….job.json` names a clip and any number of
 * tasks. Other keys are none of our business. What is refused leaves an error object in the results bucket.
 */
export const intake = async (context: IntakeContext, uploads: Upload[]) => {
  const started: Job[] = []
  const refused: FaultRecord[] = []
  for (const upload of uploads) {
    try {
      for (const request of await readRequests(context, upload)) {
        const job = makeJob(request, context.models.digest)
        await accept(context, job)
        started.push(job)
      }
    } catch (error) {
      if (!isFault(error) || error.retry === 'now') throw error
      refused.push(await refuse(context, upload, error))
    }
  }
  return { started, refused }
}
export type IntakeAnswer = Awaited<ReturnType<typeof intake>>

const accept = async (context: IntakeContext, job: Job) => {
  const written = await context.results.putOnce(keys(job.id).job, JSON.stringify(job), {
    contentType: 'application/json'
  })
  if (written === 'written') await context.announce({ type: 'job.accepted', ...about(context, job) })
  await context.start(job)
}

const refuse = async (context: IntakeContext, { bucket, key }: Upload, fault: Fault) => {
  const record = fault.toJSON()
  await context.results.put(
    `refused/${key}.error.json`,
    JSON.stringify({ bucket, key, ...record }, null, 2),
    {
      contentType: 'application/json'
    }
  )
  await context.announce({
    type: 'upload.refused',
    bucket,
    key,
    at: context.now().toISOString(),
    fault: record
  })
  return record
}

/** What an upload asks for: nothing, one job, or what its ticket says. */
const readRequests = async (context: IntakeContext, upload: Upload) => {
  if (upload.key.endsWith('.job.json')) return readTicket(context, upload)
  const [folder] = upload.key.split('/', 1)
  if (!Object.hasOwn(tasks, folder) || upload.key.endsWith('.json') || upload.key.endsWith('/')) return []
  return [
    {
      clip: upload,
      name: upload.key.slice(folder.length + 1),
      task: folder,
      options: await readOptions(context, upload)
    }
  ]
}

const readTicket = async (context: IntakeContext, { key, bucket }: Upload) => {
  const parsed = ticket.safeParse(await readJson(context, key))
  if (!parsed.success)
    throw new Fault('ticket-invalid', {
      key,
      problems: parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
    })
  const found = await context.uploads.head(parsed.data.clip)
  if (!found) throw new Fault('clip-missing', { clip: parsed.data.clip })
  const clip: Upload = {
    bucket,
    key: parsed.data.clip,
    bytes: found.size,
    etag: found.etag,
    version: found.versionId
  }
  const name = clip.key.replace(/^[^/]*\//, '')
  return parsed.data.tasks.map(({ task, options }) => ({ clip, name, task, options }))
}

const readOptions = async (context: IntakeContext, { key }: Upload): Promise<Record<string, unknown>> => {
  const metadata = (await context.uploads.head(key))?.metadata['clipmill-options']
  if (metadata !== undefined)
    return sideFile.parse({ options: parseJson(`metadata of ${key}`, metadata) }).options
  const beside = `${key}.json`
  if (!(await context.uploads.exists(beside))) return {}
  const parsed = sideFile.safeParse(await readJson(context, beside))
  if (!parsed.success)
    throw new Fault('ticket-invalid', {
      key: beside,
      problems: parsed.error.issues.map(issue => issue.message)
    })
  return parsed.data.options
}

const readJson = async ({ uploads }: IntakeContext, key: string) =>
  parseJson(key, new TextDecoder().decode(await uploads.get(key)))

const parseJson = (what: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Fault('ticket-invalid', { key: what, problems: ['it is not JSON'] })
  }
}

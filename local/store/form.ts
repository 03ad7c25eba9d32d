import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import { S3Error } from './errors.ts'
import type { Fields } from './policy.ts'

/** Bodies of multipart/form-data: fields first, then one file; what comes behind it is ignored, as S3 does. */

const most = { fields: 100, bytes: 20_000 }

export const isForm = (headers: Record<string, string>) =>
  (headers['content-type'] ?? '').toLowerCase().startsWith('multipart/form-data')

const malformed = (why: string) => new S3Error('MalformedPOSTRequest', why)

const parserOf = (contentType: string) => {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: { fields: most.fields, fieldSize: most.bytes, files: 1 },
      // Names of files are UTF-8 in browsers' forms.
      defParamCharset: 'utf8'
    } as ConstructorParameters<typeof Busboy>[0])
  } catch {
    throw malformed('Content-Type names no boundary')
  }
}

/**
 * Reads a form up to its file, and hands that to `take` with its name; returns what `take` made of it once the form
 * has ended well.
 * @throws S3Error MalformedPOSTRequest, and what `take` throws: reading ends there.
 */
export const readForm = async <T>(
  request: IncomingMessage,
  contentType: string,
  take: (fields: Fields, file: Readable, name: string) => Promise<T>
): Promise<T> => {
  const form = parserOf(contentType)
  const fields: Fields = new Map()
  const ended = Promise.withResolvers<undefined>()
  let taken: Promise<T> | undefined
  let open: Readable | undefined
  const stop = (error: Error) => {
    request.unpipe(form)
    ended.reject(error)
    open?.destroy(error)
  }
  form.on('field', (name: string, value: string, _: boolean, truncated: boolean) => {
    if (open) return
    if (truncated) stop(malformed(`the field ${name} is too long`))
    else fields.set(name.toLowerCase(), value)
  })
  form.on('file', (name: string, file: Readable, filename: string) => {
    open = file
    // Whoever reads it is told too.
    file.on('error', () => undefined)
    if (name !== 'file') return stop(malformed(`a file is expected in the field file, not ${name}`))
    taken = take(fields, file, filename)
    taken.catch(stop)
  })
  form.on('fieldsLimit', () => {
    if (!open) stop(malformed('too many fields'))
  })
  form.on('error', () => stop(malformed('the body is not well-formed')))
  form.on('finish', () => ended.resolve(undefined))
  request.on('close', () => {
    if (!request.complete) stop(new Error('the client went away'))
  })
  request.pipe(form)

  await ended.promise
  if (!taken) throw malformed('there is no file')
  return taken
}

import { open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Fault } from '../events/faults.ts'
import type { Part } from './weights-part.ts'

/** Told how far a file is, in bytes; the total where the server says it. */
export type Progress = (done: number, total: number | undefined) => void

export interface DownloadOptions {
  /** Size that the file must have. */
  bytes?: number
  progress: Progress
  signal: AbortSignal
  /** Milliseconds before each further try; a try that gets further than all before it starts the row anew. */
  pauses?: readonly number[]
}

/** The connection was cut, or the server was in trouble: another try may go well. */
class Cut extends Error {}

/** A server that says nothing for so long will say nothing more, milliseconds. */
const patience = 60_000

/** Beside a part: where it is from, and what tells whether the server still has the same file (RFC 9110, section 13.1.5). */
const origin = z.strictObject({ address: z.string(), validator: z.string() })

/**
 * Downloads `address` into `part.file`. What is there of the same file already stays: only the rest is asked for, where
 * the server can give it.
 * @throws Fault weights-unavailable, weights-web-page, weights-size-wrong, download-failed
 */
export const download = async (address: string, part: Part, options: DownloadOptions): Promise<void> => {
  const { signal, pauses = [500, 1000, 2000, 4000] } = options
  let [furthest, failures] = [0, 0]
  for (;;) {
    try {
      await attempt(address, part, options)
      return
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Cut)) throw error
      const size = await sizeOf(part.file)
      if (size > furthest) [furthest, failures] = [size, 0]
      if (failures >= pauses.length)
        throw new Fault('download-failed', { from: address, reason: error.message }, { cause: error })
      await sleep(pauses[failures++], undefined, { signal })
    }
  }
}

const attempt = async (address: string, part: Part, { bytes, progress, signal }: DownloadOptions) => {
  const originFile = path.join(part.folder, 'origin.json')
  const validator = await readValidator(originFile, address)
  const size = validator === undefined ? 0 : await sizeOf(part.file)
  if (size === bytes) return
  const have = bytes === undefined || size < bytes ? size : 0

  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), patience)
  try {
    const response = await fetch(address, {
      // Ranges count in bytes of the file as it is.
      headers: {
        'accept-encoding': 'identity',
        ...(have > 0 && { range: `bytes=${have}-`, 'if-range': validator })
      },
      signal: AbortSignal.any([signal, silence.signal])
    }).catch(cut)
    if (response.status === 416 && response.headers.get('content-range') === `bytes */${have}`) return
    const begin = beginOf(address, response, have)
    if (begin === undefined) {
      // What we have is not a beginning of what is there.
      await rm(originFile, { force: true })
      throw new Cut('the server does not know the part that is here')
    }
    const total = totalOf(response, begin)
    if (bytes !== undefined && total !== undefined && total !== bytes)
      throw new Fault('weights-size-wrong', { from: address, expected: bytes, found: total })

    if (begin === 0) await beginAnew(part.file, originFile, address, response.headers)
    await using file = await open(part.file, 'a')
    let done = begin
    progress(done, total ?? bytes)
    for await (const chunk of chunksOf(response)) {
      timer.refresh()
      if (done === 0 && looksLikePage(chunk)) throw new Fault('weights-web-page', { file: address })
      if (bytes !== undefined && done + chunk.length > bytes)
        throw new Fault('weights-size-wrong', { from: address, expected: bytes, found: done + chunk.length })
      // Unlike write, it goes on until all is written.
      await file.writeFile(chunk)
      done += chunk.length
      progress(done, total ?? bytes)
    }
    if (done < (bytes ?? total ?? 0)) throw new Cut(`it ended after ${done} bytes`)
    await file.sync()
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

/** Where the answer's bytes begin in the file; undefined where they do not go on from what is here. */
const beginOf = (address: string, response: Response, have: number): number | undefined => {
  const { status, headers } = response
  if (status === 416) return undefined
  if (status === 408 || status === 429 || status >= 500)
    throw new Cut(`the server answers with HTTP status ${status}`)
  if (!response.ok) throw new Fault('weights-unavailable', { from: address, status })
  if (headers.get('content-type')?.startsWith('text/html'))
    throw new Fault('weights-web-page', { file: address })
  if (status !== 206) return 0
  const [, begin] = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '') ?? []
  return Number(begin) === have ? have : undefined
}

const totalOf = ({ headers }: Response, begin: number) => {
  const length = headers.get('content-length')
  return length === null || headers.has('content-encoding') ? undefined : begin + Number(length)
}

/** Empties a file and says where its next bytes are from: at no time does an origin stand beside the bytes of another. */
const beginAnew = async (file: string, originFile: string, address: string, headers: Headers) => {
  await rm(originFile, { force: true })
  await writeFile(file, '')
  const validator = validatorOf(headers)
  if (validator) await writeFile(originFile, JSON.stringify({ address, validator }))
}

/** Only a strong validator tells that a part goes with the rest. */
const validatorOf = (headers: Headers) => {
  const tag = headers.get('etag')
  return tag && !tag.startsWith('W/') ? tag : headers.get('last-modified')
}

/** Undefined where there is no part, or it is not of this file. */
const readValidator = async (file: string, address: string) => {
  try {
    const found = origin.parse(JSON.parse(await readFile(file, 'utf8')))
    return found.address === address ? found.validator : undefined
  } catch {
    return undefined
  }
}

async function* chunksOf({ body }: { body: ReadableStream<Uint8Array> | null }) {
  const reader = body?.getReader()
  while (reader) {
    const { done, value } = await reader.read().catch(cut)
    if (done) return
    yield value
  }
}

const looksLikePage = (chunk: Uint8Array) =>
  /^\s*<(!doctype html|html|head)/i.test(Buffer.from(chunk.subarray(0, 256)).toString('latin1'))

const sizeOf = async (file: string) => (await stat(file).catch(() => undefined))?.size ?? 0

const words: Record<string, string> = {
  ENOTFOUND: 'its host is not found',
  EAI_AGAIN: 'its host is not found; perhaps there is no network',
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'its host does not answer'
}

/** What went wrong in fetching or reading is the network's. */
const cut = (error: unknown): never => {
  const { name, cause, message } = error as Error
  const { code, message: inner } = (cause ?? {}) as NodeJS.ErrnoException
  if (name === 'AbortError') throw new Cut(`nothing arrived for ${patience / 1000} s`)
  throw new Cut((code && words[code]) ?? inner ?? message, { cause: error })
}

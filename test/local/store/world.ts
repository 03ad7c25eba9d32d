import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import type { PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { expect } from 'vitest'
import type { Fault } from '../../../events/faults.ts'
import type { FaultCode } from '../../../events/faults.ts'
import { createClient, openStorage } from '../../../functions/shared/storage.ts'
import { rawRequest } from './raw.ts'
import type { Exchange } from './raw.ts'
import { credentials, region } from './target.ts'

export const type = { contentType: 'application/octet-stream' }
export const storageAt = (endpoint: string) =>
  openStorage({ bucket: 'results', client: createClient({ endpoint, region, credentials }) })
export const targetAt = (endpoint: string) => ({ endpoint, region, bucket: 'results', credentials })
export const dataFiles = (dir: string) => readdir(path.join(dir, 'data'))

/** What all open files of this process have in common. */
const file = await open(import.meta.filename)
export const anyFile = Object.getPrototypeOf(file) as typeof file
await file.close()

/** The store in a process of its own; `limit` is the largest file that it may write, in KiB. */
export const spawnStore = async (dir: string, limit = 'unlimited') => {
  const script = path.join(import.meta.dirname, 'serve.ts')
  const child = spawn('bash', ['-c', `ulimit -f ${limit}; exec "$0" "$@"`, process.execPath, script, dir], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    endpoint: line.toString().trim(),
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

export const code = (name: FaultCode) => expect.objectContaining({ code: name }) as Fault

/** A form that uploads 8 MiB as `clip`, ready to be sent. */
export const largeForm = async (
  endpoint: string,
  Conditions?: PresignedPostOptions['Conditions']
): Promise<Exchange> => {
  const client = createClient({ endpoint, region, credentials })
  const { url, fields } = await createPresignedPost(client, { Bucket: 'results', Key: 'clip', Conditions })
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([randomBytes(8 << 20)]))
  const response = new Response(form)
  const headers = { 'content-type': response.headers.get('content-type')! }
  return {
    path: new URL(url).pathname,
    method: 'POST',
    headers,
    body: Buffer.from(await response.arrayBuffer())
  }
}

/** Begins an upload in parts, and sends its first one. */
export const beginParts = async (endpoint: string, key: string) => {
  const { body } = await rawRequest(targetAt(endpoint), { method: 'POST', key, query: { uploads: '' } })
  const [, uploadId] = /<UploadId>(.*?)</.exec(body.toString())!
  const part = { method: 'PUT', key, query: { uploadId, partNumber: '1' }, body: 'x' }
  expect(await rawRequest(targetAt(endpoint), part)).toMatchObject({ status: 200 })
  return uploadId
}

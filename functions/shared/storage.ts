import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client
} from '@aws-sdk/client-s3'
import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import type { z } from 'zod'
import { Fault, isFault } from '../../events/faults.ts'
import { problemsOf } from '../../events/problems.ts'

/** The product's only way to objects: one bucket, the same in an AWS account and over the store of one machine. */

interface ObjectHead {
  /** Bytes. */
  size: number
  /** Without quotes. */
  etag: string
  /** Only in a bucket that keeps versions. */
  versionId?: string
  /** User metadata, names in lower case. */
  metadata: Record<string, string>
}

interface PutOptions {
  contentType: string
}

/**
 * Every method throws Fault: object-missing, bucket-missing, storage-denied, storage-unavailable (worth another try)
 * or storage-full.
 */
export interface Storage {
  bucket: string
  get: (key: string) => Promise<Uint8Array>
  /** @throws Fault object-invalid where the object is not JSON, or not of that schema. */
  getJson: <T>(key: string, schema: z.ZodType<T>) => Promise<T>
  /** Bytes [start, end); fewer where the object ends before. */
  getRange: (key: string, start: number, end: number, version?: string) => Promise<Uint8Array>
  /**
   * Into a local file, which is removed where the download fails.
   * @throws Fault object-changed where the object no longer has the content tag `etag`
   */
  download: (
    key: string,
    file: string,
    options?: { etag?: string; version?: string | undefined }
  ) => Promise<void>
  /** undefined where there is no such object. */
  head: (key: string, version?: string) => Promise<ObjectHead | undefined>
  exists: (key: string) => Promise<boolean>
  put: (key: string, body: Uint8Array | string, options: PutOptions) => Promise<void>
  /** Writes the object unless there is one of that name: of many writers one writes. */
  putOnce: (key: string, body: Uint8Array | string, options: PutOptions) => Promise<'written' | 'exists'>
  /** Writes in the place of the object with that content tag, or where there is none: false where there is another. */
  replace: (key: string, body: string, options: PutOptions & { etag: string | undefined }) => Promise<boolean>
  /** Streams a local file, in parts of 8 MiB where it is larger; `once` as in putOnce. */
  uploadFile: (
    key: string,
    file: string,
    options: PutOptions & { once?: boolean; metadata?: Record<string, string> }
  ) => Promise<'written' | 'exists'>
  /** Does nothing where there is no such object. */
  delete: (key: string) => Promise<void>
  /** In the order of the keys' UTF-8 bytes. */
  list: (prefix: string) => AsyncGenerator<{ key: string; size: number; etag: string }>
}

/** Bytes of a part of a large upload; what is no larger is sent as a whole. */
export const partSize = 8 * 1024 ** 2
// Another write to the same key was under way: S3 asks to come again.
const conflictTries = 5

interface ClientOptions {
  region: string
  /** Of a store other than AWS; none means the region's own. */
  endpoint?: string
  /** None means the environment's, as the SDK finds them. */
  credentials?: { accessKeyId: string; secretAccessKey: string }
  /** Whether each upload carries a checksum; a link for others cannot know theirs. @default true */
  checksums?: boolean
}

/** Milliseconds for which a storage may say nothing before the request counts as lost, and is made again. */
const silence = 120_000

/** A client for `openStorage`; make one a process. */
export const createClient = ({ region, endpoint, credentials, checksums = true }: ClientOptions) =>
  new S3Client({
    region,
    // The client writes into what it is given.
    credentials: credentials && { ...credentials },
    requestHandler: { connectionTimeout: 10_000, socketTimeout: silence },
    requestChecksumCalculation: checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true })
  })

interface SdkError extends Error {
  code?: string
  $metadata?: { httpStatusCode?: number }
}

const denials = ['CredentialsProviderError', 'ExpiredToken', 'InvalidToken', 'ExpiredTokenException']
const networkFailures = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'TimeoutError',
  'RequestTimeout'
]
const statusOf = (error: unknown) => (error as SdkError).$metadata?.httpStatusCode

/** The Fault that an error of the SDK stands for; other errors stay as they are. */
const translate = (error: unknown, bucket: string, key: string) => {
  const { name, code = '' } = error as SdkError
  const status = statusOf(error) ?? 0
  const details = { bucket, key, reason: name }
  const cause = { cause: error }
  if (name === 'NoSuchBucket') return new Fault('bucket-missing', { bucket }, cause)
  if (status === 412) return new Fault('object-changed', { bucket, key }, cause)
  if (status === 403 || denials.includes(name)) return new Fault('storage-denied', details, cause)
  if (status === 507) return new Fault('storage-full', { bucket, key }, cause)
  if (
    status >= 500 ||
    status === 429 ||
    status === 409 ||
    // The upload was completed, and its answer lost: another try will find the object.
    name === 'NoSuchUpload' ||
    networkFailures.some(failure => failure === code || failure === name)
  )
    return new Fault('storage-unavailable', details, cause)
  if (status === 404) return new Fault('object-missing', { bucket, key }, cause)
  return error
}

export const openStorage = ({ bucket, client }: { bucket: string; client: S3Client }): Storage => {
  const attempt = async <T>(key: string, work: () => Promise<T>) => {
    try {
      return await work()
    } catch (error) {
      throw translate(error, bucket, key)
    }
  }
  const read = (key: string, how: Pick<GetObjectCommandInput, 'Range' | 'IfMatch' | 'VersionId'> = {}) =>
    client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...how }))
  const bytes = async ({ Body }: GetObjectCommandOutput) => Body!.transformToByteArray()

  const get = (key: string) => attempt(key, async () => bytes(await read(key)))

  /** Of many writers one writes; `exists` for the others. */
  const once = (key: string, write: () => Promise<unknown>) =>
    attempt(key, async () => {
      for (let tries = 1; ; tries++) {
        try {
          await write()
          return 'written'
        } catch (error) {
          if (statusOf(error) === 412) return 'exists'
          if (statusOf(error) !== 409 || tries === conflictTries) throw error
          await sleep(2 ** tries * 25)
        }
      }
    })

  const head = (key: string, version?: string) =>
    attempt(key, async () => {
      try {
        const found = await client.send(
          new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: version })
        )
        return {
          size: found.ContentLength!,
          etag: unquoted(found.ETag!),
          ...(found.VersionId !== undefined && { versionId: found.VersionId }),
          metadata: found.Metadata ?? {}
        }
      } catch (error) {
        if (statusOf(error) === 404) return undefined
        throw error
      }
    })

  return {
    bucket,
    get,
    getJson: async (key, schema) => {
      const invalid = (problems: string[]) => new Fault('object-invalid', { bucket, key, problems })
      const json = new TextDecoder().decode(await get(key))
      let value: unknown
      try {
        value = JSON.parse(json)
      } catch {
        throw invalid(['it is not JSON'])
      }
      const parsed = schema.safeParse(value)
      if (parsed.success) return parsed.data
      throw invalid(problemsOf(parsed.error))
    },
    getRange: (key, start, end, version) =>
      attempt(key, async () => {
        if (start >= end) return new Uint8Array()
        try {
          return await bytes(await read(key, { Range: `bytes=${start}-${end - 1}`, VersionId: version }))
        } catch (error) {
          // Nothing of the range is there.
          if (statusOf(error) === 416) return new Uint8Array()
          throw error
        }
      }),
    download: (key, file, { etag, version } = {}) =>
      attempt(key, async () => {
        const { Body } = await read(key, { IfMatch: etag, VersionId: version })
        try {
          await pipeline(Body as Readable, createWriteStream(file))
        } catch (error) {
          await rm(file, { force: true })
          throw error
        }
      }),
    head,
    exists: async key => (await head(key)) !== undefined,
    put: async (key, body, { contentType }) => {
      await attempt(key, () =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType }))
      )
    },
    putOnce: (key, body, { contentType }) =>
      once(key, () =>
        client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentType: contentType,
            IfNoneMatch: '*'
          })
        )
      ),
    replace: async (key, body, { contentType, etag }) => {
      const params = { Bucket: bucket, Key: key, Body: body, ContentType: contentType }
      const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }
      const write = () => client.send(new PutObjectCommand({ ...params, ...condition }))
      try {
        return (await once(key, write)) === 'written'
      } catch (error) {
        // If-Match where the object went meanwhile.
        if (isFault(error) && error.code === 'object-missing') return false
        throw error
      }
    },
    uploadFile: (key, file, { contentType, once: onlyOnce, metadata }) =>
      once(key, async () => {
        const { size } = await stat(file)
        const params = {
          Bucket: bucket,
          Key: key,
          ContentType: contentType,
          Metadata: metadata,
          ...(onlyOnce && { IfNoneMatch: '*' })
        }
        // What fits into memory is sent from there, since the SDK cannot repeat a stream that broke off.
        if (size <= partSize)
          await client.send(new PutObjectCommand({ ...params, Body: await readFile(file) }))
        else
          await new Upload({
            client,
            params: { ...params, Body: createReadStream(file) },
            partSize,
            queueSize: 2
          }).done()
      }),
    delete: async key => {
      await attempt(key, () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })))
    },
    list: async function* (prefix) {
      const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix, EncodingType: 'url' })
      for await (const page of translated(pages, error => translate(error, bucket, prefix)))
        for (const { Key, Size, ETag } of page.Contents ?? [])
          // Keys come URL-encoded, since XML cannot carry all of them.
          yield { key: decodeURIComponent(Key!.replaceAll('+', ' ')), size: Size!, etag: unquoted(ETag!) }
    }
  }
}

const unquoted = (etag: string) => etag.replaceAll('"', '')

async function* translated<T>(source: AsyncIterable<T>, translate: (error: unknown) => unknown) {
  try {
    yield* source
  } catch (error) {
    throw translate(error)
  }
}

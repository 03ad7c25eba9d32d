import type { Readable } from 'node:stream'
import type { Received } from './body.ts'
import type { Catalogue } from './catalogue.ts'
import type { Algorithm } from './checksums.ts'
import type { StoredObject } from './state.ts'

/** What S3 names as the reason of an 'Object Created' event. */
export type Reason = 'PutObject' | 'POST Object' | 'CopyObject' | 'CompleteMultipartUpload'

/** A request as it was addressed. */
export interface BareCall {
  catalogue: Catalogue
  region: string
  method: string
  bucket: string
  key: string
  query: URLSearchParams
  /** Names in lower case; values one character a byte. */
  headers: Record<string, string>
  /** Tells the listeners of a new object. */
  created: (object: StoredObject, reason: Reason) => void
}

/** A request that is genuine and has found its route. */
export interface Call extends BareCall {
  /** `algorithm` is that of the checksum to take where the request brings none. */
  receive: (write: (chunk: Buffer) => Promise<void> | void, algorithm?: Algorithm) => Promise<Received>
  /** `headers` replaces the request's own, as far as they tell of the body. */
  receiveXml: (headers?: Record<string, string>) => Promise<string>
}

export interface Reply {
  status?: number
  headers?: Record<string, string | number>
  body?: string | Readable
}

export type Handler = (call: Call) => Promise<Reply> | Reply

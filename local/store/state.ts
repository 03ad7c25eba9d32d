import type { Algorithm } from './checksums.ts'
import { SortedMap } from './sorted.ts'

/** What the store holds, without the bytes: the journal's entries applied one after another. */

/** A run of an object's bytes: a file under the store's data folder. */
export interface Piece {
  file: string
  size: number
}

export interface Checksum {
  algorithm: Algorithm
  /** Base64; for COMPOSITE with -N, as S3 gives it. */
  value: string
  type: 'FULL_OBJECT' | 'COMPOSITE'
}

export interface StoredObject {
  key: string
  /** Without quotes. */
  etag: string
  /** Milliseconds since 1970. */
  modified: number
  /** Grows with each object that is created, across restarts. */
  sequencer: number
  pieces: Piece[]
  /** The headers that came with the object and go out with it: content-type, x-amz-meta-… */
  headers: Record<string, string>
  checksum?: Checksum
}

export interface Part extends Piece {
  number: number
  etag: string
  modified: number
  checksum?: Omit<Checksum, 'type'>
}

export interface Upload {
  id: string
  bucket: string
  key: string
  initiated: number
  headers: Record<string, string>
  checksum?: Omit<Checksum, 'value'>
}

/** Which pages of other origins may read a bucket's answers; patterns may have one `*`. */
export interface CorsRule {
  id?: string
  origins: string[]
  methods: string[]
  /** Patterns of the headers that a request may bring, in lower case. */
  headers: string[]
  /** Names of the headers of an answer that the page may see. */
  expose: string[]
  /** For how many seconds a browser may remember the answer to a preflight. */
  maxAge?: number
}

export type Entry =
  | { op: 'bucket'; bucket: string; created: number; versioned?: boolean }
  | { op: 'put'; bucket: string; object: StoredObject; upload?: string }
  /** A versioned bucket then still has it among the older ones. `time` is in milliseconds since 1970. */
  | { op: 'delete'; bucket: string; key: string; time: number }
  | { op: 'drop'; bucket: string; key: string; version: string }
  /** An empty list is none. */
  | { op: 'cors'; bucket: string; rules: CorsRule[] }
  | { op: 'upload'; upload: Upload }
  | { op: 'part'; upload: string; part: Part }
  | { op: 'abort'; upload: string }

/** What a newer object took the place of, or a deletion, at `deleted` (milliseconds since 1970). */
export interface OlderObject extends StoredObject {
  deleted?: number
}

export interface Bucket {
  name: string
  created: number
  objects: SortedMap<StoredObject>
  cors: CorsRule[]
  /** By key, what is no longer the newest, oldest first; only where the bucket keeps versions. */
  older?: Map<string, OlderObject[]>
}

export interface OpenUpload extends Upload {
  parts: Map<number, Part>
}

export interface State {
  buckets: Map<string, Bucket>
  uploads: Map<string, OpenUpload>
  sequencer: number
}

/** Names one object among all that ever had its key. */
export const versionOf = ({ sequencer }: StoredObject) =>
  sequencer.toString(16).toUpperCase().padStart(18, '0')

/** All that a bucket has of a key, oldest first. */
export const versionsOf = ({ objects, older }: Bucket, key: string): OlderObject[] => {
  const newest = objects.get(key)
  return [...(older?.get(key) ?? []), ...(newest ? [newest] : [])]
}

/** The version of that name, or the newest where none is named. */
export const versionOrNewest = (bucket: Bucket, key: string, version: string | undefined) =>
  version === undefined
    ? bucket.objects.get(key)
    : versionsOf(bucket, key).find(object => versionOf(object) === version)

export const emptyState = (): State => ({ buckets: new Map(), uploads: new Map(), sequencer: 0 })

export const sizeOf = ({ pieces }: { pieces: Piece[] }) => pieces.reduce((sum, { size }) => sum + size, 0)

const filesOf = (pieces: Iterable<Piece> = []) => Array.from(pieces, ({ file }) => file)

const takeUpload = (state: State, id: string) => {
  const parts = state.uploads.get(id)?.parts
  state.uploads.delete(id)
  return filesOf(parts?.values())
}

/**
 * Makes room for what comes in an object's place, or for nothing where it was deleted; returns the files that nothing
 * needs any more.
 */
const setAside = ({ objects, older }: Bucket, key: string, deleted?: number): string[] => {
  const present = objects.get(key)
  if (!older || !present) return filesOf(present?.pieces)
  older.set(key, [...(older.get(key) ?? []), { ...present, ...(deleted !== undefined && { deleted }) }])
  return []
}

/** Removes one version; that a deletion came behind it is then true of the version before it. */
const dropVersion = (bucket: Bucket, key: string, version: string): string[] => {
  const { objects, older } = bucket
  const versions = versionsOf(bucket, key)
  const index = versions.findIndex(object => versionOf(object) === version)
  if (index < 0) return []
  const [{ deleted, pieces }] = versions.splice(index, 1)
  if (deleted !== undefined && index > 0) versions[index - 1] = { deleted, ...versions[index - 1] }
  const newest = versions.at(-1)?.deleted === undefined ? versions.pop() : undefined
  if (newest) objects.set(key, newest)
  else objects.delete(key)
  if (versions.length) older?.set(key, versions)
  else older?.delete(key)
  return filesOf(pieces)
}

/** Brings the state up to date; returns the files that nothing needs any more. A deletion may be applied twice. */
export const apply = (state: State, entry: Entry): string[] => {
  switch (entry.op) {
    case 'bucket':
      state.buckets.set(entry.bucket, {
        name: entry.bucket,
        created: entry.created,
        objects: new SortedMap(),
        cors: [],
        ...(entry.versioned && { older: new Map() })
      })
      return []
    case 'put': {
      const { object } = entry
      const bucket = state.buckets.get(entry.bucket)!
      const { objects } = bucket
      const before = [
        ...setAside(bucket, object.key),
        ...(entry.upload ? takeUpload(state, entry.upload) : [])
      ]
      objects.set(object.key, object)
      state.sequencer = Math.max(state.sequencer, object.sequencer)
      const kept = new Set(filesOf(object.pieces))
      return before.filter(file => !kept.has(file))
    }
    case 'delete': {
      const bucket = state.buckets.get(entry.bucket)!
      const files = setAside(bucket, entry.key, entry.time)
      bucket.objects.delete(entry.key)
      return files
    }
    case 'drop':
      return dropVersion(state.buckets.get(entry.bucket)!, entry.key, entry.version)
    case 'cors':
      state.buckets.get(entry.bucket)!.cors = entry.rules
      return []
    case 'upload':
      state.uploads.set(entry.upload.id, { ...entry.upload, parts: new Map() })
      return []
    case 'part': {
      const { parts } = state.uploads.get(entry.upload)!
      const before = parts.get(entry.part.number)
      parts.set(entry.part.number, entry.part)
      return before ? [before.file] : []
    }
    case 'abort':
      return takeUpload(state, entry.upload)
  }
}

/** The shortest list of entries that leads to this state. */
export function* entriesOf({ buckets, uploads }: State): Generator<Entry> {
  for (const { name, created, objects, cors, older } of buckets.values()) {
    yield { op: 'bucket', bucket: name, created, ...(older && { versioned: true }) }
    if (cors.length) yield { op: 'cors', bucket: name, rules: cors }
    for (const [key, versions] of older ?? []) {
      for (const { deleted: time, ...object } of versions) {
        yield { op: 'put', bucket: name, object }
        if (time !== undefined) yield { op: 'delete', bucket: name, key, time }
      }
    }
    for (const object of objects.values()) yield { op: 'put', bucket: name, object }
  }
  for (const { parts, ...upload } of uploads.values()) {
    yield { op: 'upload', upload }
    for (const part of parts.values()) yield { op: 'part', upload: upload.id, part }
  }
}

/**
 * Drops objects of which `present` lacks a file: a deletion takes the data first, and may have been cut off before it
 * was noted. Returns the files in use.
 */
export const dropWithoutData = ({ buckets }: State, present: Set<string>) => {
  const used = new Set<string>()
  const keep = ({ pieces }: StoredObject) => {
    const whole = pieces.every(({ file }) => present.has(file))
    if (whole) for (const { file } of pieces) used.add(file)
    return whole
  }
  for (const bucket of buckets.values()) {
    const all = [...[...(bucket.older?.values() ?? [])].flat(), ...bucket.objects.values()]
    for (const object of all) if (!keep(object)) dropVersion(bucket, object.key, versionOf(object))
  }
  return used
}

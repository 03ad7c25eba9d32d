import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { S3Error } from './errors.ts'
import { openFiles } from './files.ts'
import type { Files } from './files.ts'
import { openJournal } from './journal.ts'
import type { Bucket, CorsRule, Entry, OpenUpload, Part, StoredObject, Upload } from './state.ts'
import { lockFolder } from './lock.ts'
import { apply, versionOf, versionOrNewest, versionsOf } from './state.ts'

/** Buckets, objects and uploads in one folder: `journal.jsonl` says what there is, `data/` has the bytes. */
export interface Catalogue {
  files: Files
  buckets: () => Bucket[]
  /** @throws S3Error NoSuchBucket */
  bucket: (name: string) => Bucket
  /** @throws S3Error InvalidBucketName, BucketAlreadyOwnedByYou */
  createBucket: (name: string, options?: { versioned?: boolean }) => Promise<void>
  /** @throws S3Error NoSuchBucket */
  putCors: (bucket: string, rules: CorsRule[]) => Promise<void>
  /**
   * Makes an object, in one step that nothing else on its key comes between: `allowed` sees what is there and throws
   * where the object may not take its place. With `upload`, the object is made of that upload, which ends.
   */
  putObject: (
    bucket: string,
    draft: Omit<StoredObject, 'modified' | 'sequencer'>,
    allowed: (present: StoredObject | undefined) => void,
    upload?: string
  ) => Promise<StoredObject>
  /** `allowed` sees what would go and throws where it may not; where nothing would, nothing is done. */
  deleteObject: (
    bucket: string,
    key: string,
    allowed: (present: StoredObject | undefined) => void,
    version?: string
  ) => Promise<void>
  /** Removes versions that were deleted, or that others took the place of, before `time`, milliseconds since 1970. */
  dropOlder: (time: number) => Promise<void>
  uploads: (bucket: string) => OpenUpload[]
  /** @throws S3Error NoSuchUpload */
  upload: (bucket: string, key: string, id: string) => OpenUpload
  createUpload: (draft: Omit<Upload, 'id' | 'initiated'>) => Promise<Upload>
  /** @throws S3Error NoSuchUpload */
  putPart: (upload: OpenUpload, part: Part) => Promise<void>
  abortUpload: (upload: OpenUpload) => Promise<void>
  close: () => Promise<void>
}

const bucketName = /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z\d][a-z\d.-]{1,61}[a-z\d]$/

/** Work on one name at a time, in the order of the calls. */
const turns = () => {
  const last = new Map<string, Promise<unknown>>()
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(name)
    const mine = before ? before.then(work, work) : work()
    last.set(name, mine)
    try {
      return await mine
    } finally {
      if (last.get(name) === mine) last.delete(name)
    }
  }
}

/**
 * Opens the store's folder, or starts one; removes what a crash left half done.
 * @throws Fault store-in-use, store-damaged, store-version
 */
export const openCatalogue = async (dir: string): Promise<Catalogue> => {
  await mkdir(dir, { recursive: true })
  const unlock = await lockFolder(dir)
  const folder = path.join(dir, 'data')
  const { present, ...files } = await openFiles(folder)
  const { state, append, close } = await openJournal(dir, { folder, present, dropped: files.remove }).catch(
    async (error: unknown) => {
      await unlock()
      throw error
    }
  )
  const inTurn = turns()

  // Microseconds, so that it also grows where the journal forgot deleted objects; 53 bits last to the year 2255.
  const nextSequencer = () => (state.sequencer = Math.max(state.sequencer + 1, Date.now() * 1000))

  const bucket = (name: string) => {
    const found = state.buckets.get(name)
    if (!found) throw new S3Error('NoSuchBucket', '', { BucketName: name })
    return found
  }
  const upload = (id: string) => {
    const found = state.uploads.get(id)
    if (!found) throw new S3Error('NoSuchUpload', '', { UploadId: id })
    return found
  }
  // On a full disk a deletion must still work: the data goes first, and makes the room for the note.
  const removeThenNote = async (entry: Entry) => {
    await files.remove(apply(state, entry))
    await append(entry)
  }

  const deleteObject: Catalogue['deleteObject'] = (name, key, allowed, version) =>
    inTurn(`${name}/${key}`, async () => {
      const present = versionOrNewest(bucket(name), key, version)
      allowed(present)
      if (!present) return
      if (version !== undefined) return removeThenNote({ op: 'drop', bucket: name, key, version })
      const entry = { op: 'delete', bucket: name, key, time: Date.now() } as const
      await (bucket(name).older ? append(entry) : removeThenNote(entry))
    })

  return {
    files,
    buckets: () => [...state.buckets.values()],
    bucket,
    createBucket: (name, { versioned = false } = {}) =>
      inTurn(name, async () => {
        if (!bucketName.test(name)) throw new S3Error('InvalidBucketName', name)
        if (state.buckets.has(name)) throw new S3Error('BucketAlreadyOwnedByYou', name)
        await append({ op: 'bucket', bucket: name, created: Date.now(), ...(versioned && { versioned }) })
      }),
    putCors: async (name, rules) => {
      bucket(name)
      await append({ op: 'cors', bucket: name, rules })
    },
    putObject: (name, draft, allowed, id) => {
      const put = async () => {
        allowed(bucket(name).objects.get(draft.key))
        if (id !== undefined) upload(id)
        const object = { ...draft, modified: Date.now(), sequencer: nextSequencer() }
        await append({ op: 'put', bucket: name, object, ...(id !== undefined && { upload: id }) })
        return object
      }
      return inTurn(`${name}/${draft.key}`, () => (id === undefined ? put() : inTurn(id, put)))
    },
    deleteObject,
    dropOlder: async time => {
      for (const kept of state.buckets.values())
        for (const key of [...(kept.older?.keys() ?? [])]) {
          const versions = versionsOf(kept, key)
          for (const [i, version] of versions.entries()) {
            // A deleted one says when; another was replaced when the next one came, and the newest is not older.
            const setAside = version.deleted ?? versions.at(i + 1)?.modified ?? Infinity
            if (setAside < time) await deleteObject(kept.name, key, () => undefined, versionOf(version))
          }
        }
    },
    uploads: name => [...state.uploads.values()].filter(({ bucket }) => bucket === name),
    upload: (name, key, id) => {
      const found = upload(id)
      if (found.bucket !== name || found.key !== key) throw new S3Error('NoSuchUpload', '', { UploadId: id })
      return found
    },
    createUpload: async draft => {
      const made = { ...draft, id: randomUUID(), initiated: Date.now() }
      await append({ op: 'upload', upload: made })
      return made
    },
    putPart: ({ id }, part) =>
      inTurn(id, async () => {
        upload(id)
        await append({ op: 'part', upload: id, part })
      }),
    abortUpload: ({ id }) =>
      inTurn(id, async () => {
        upload(id)
        await removeThenNote({ op: 'abort', upload: id })
      }),
    close: async () => {
      await close()
      await unlock()
    }
  }
}

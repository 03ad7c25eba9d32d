import { appendFile, mkdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { openJournal } from '../../../local/store/journal.ts'
import type { Entry } from '../../../local/store/state.ts'
import { rawRequest } from './raw.ts'
import { startIn, temporaryFolder } from './target.ts'
import { code, dataFiles, storageAt, targetAt, type } from './world.ts'

describe('the journal', () => {
  const journal = (dir: string) => path.join(dir, 'journal.jsonl')
  const written = async (dir: string) => {
    const store = await startIn(dir)
    await storageAt(store.endpoint).put('a', 'x', type)
    await store.close()
  }

  test('may end in a torn line', async () => {
    await using folder = await temporaryFolder()
    await written(folder.dir)
    await appendFile(journal(folder.dir), '{"op":"put","bucket":"results","obj')
    const store = await startIn(folder.dir)
    const storage = storageAt(store.endpoint)
    expect(await storage.exists('a')).toBe(true)
    await storage.put('b', 'x', type)
    await store.close()
    const again = await startIn(folder.dir)
    expect(await storageAt(again.endpoint).exists('b')).toBe(true)
    await again.close()
  })

  test('has names with whatever may look like the end of a line', async () => {
    await using folder = await temporaryFolder()
    const keys = ['a\u2028b', 'c\u2029', 'd\u0085e', 'f\r\ng', 'h\vi\fj']
    const store = await startIn(folder.dir)
    for (const key of keys) await storageAt(store.endpoint).put(key, key, type)
    await store.close()
    const again = await startIn(folder.dir)
    const storage = storageAt(again.endpoint)
    for (const key of keys) expect(Buffer.from(await storage.get(key)).toString()).toBe(key)
    await again.close()
  })

  test('may have headers that cannot be sent: the object is not read, but can be removed', async () => {
    await using folder = await temporaryFolder()
    await written(folder.dir)
    const text = await readFile(journal(folder.dir), 'utf8')
    await writeFile(journal(folder.dir), text.replace(type.contentType, '日本'))
    const store = await startIn(folder.dir)
    await expect(rawRequest(targetAt(store.endpoint), { key: 'a' })).rejects.toThrow()
    await rawRequest(targetAt(store.endpoint), { method: 'DELETE', key: 'a' })
    expect(await dataFiles(folder.dir)).toHaveLength(0)
    await store.close()
  })

  test('damaged in its middle is refused rather than guessed, and so is another version', async () => {
    await using folder = await temporaryFolder()
    await written(folder.dir)
    const text = await readFile(journal(folder.dir), 'utf8')
    await writeFile(journal(folder.dir), text.replace('{"op":"bucket"', '{"op:"bucket"'))
    await expect(startIn(folder.dir)).rejects.toEqual(code('store-damaged'))
    await writeFile(journal(folder.dir), text.replace('"store":1', '"store":2'))
    await expect(startIn(folder.dir)).rejects.toEqual(code('store-version'))
    // Refusing took nothing away.
    await writeFile(journal(folder.dir), text)
    const store = await startIn(folder.dir)
    expect(await storageAt(store.endpoint).exists('a')).toBe(true)
    await store.close()
  })

  const nothing = (folder: string) => ({
    folder,
    present: new Set<string>(),
    dropped: () => Promise.resolve()
  })
  const entry = (sequencer: number): Entry => ({
    op: 'put',
    bucket: 'results',
    object: { key: 'a', etag: '', modified: 0, pieces: [], headers: {}, sequencer }
  })
  /** Replaces one object 16,000 times. */
  const appendMuch = async ({ append }: Awaited<ReturnType<typeof openJournal>>) => {
    await append({ op: 'bucket', bucket: 'results', created: 0 })
    for (const batch of [0, 1])
      await Promise.all(Array.from({ length: 8000 }, (_, i) => append(entry(8000 * batch + i))))
  }
  const lines = async (dir: string) => (await readFile(journal(dir), 'utf8')).trim().split('\n').length

  test('is shortened when most of it is past', async () => {
    await using folder = await temporaryFolder()
    const first = await openJournal(folder.dir, nothing(folder.dir))
    await appendMuch(first)
    await first.append(entry(20_000))
    expect(await lines(folder.dir)).toBeLessThan(8000)
    await first.close()

    const again = await openJournal(folder.dir, nothing(folder.dir))
    expect(again.state.buckets.get('results')?.objects.get('a')?.sequencer).toBe(20_000)
    expect(await lines(folder.dir)).toBe(3)
    await again.close()
  })

  test('that cannot be shortened goes on as it is', async () => {
    await using folder = await temporaryFolder()
    const { append, close, state } = await openJournal(folder.dir, nothing(folder.dir))
    // No file can take the place of a folder.
    await rename(journal(folder.dir), path.join(folder.dir, 'kept'))
    await mkdir(journal(folder.dir))
    await appendMuch({ append, close, state })
    await append(entry(20_000))
    expect(state.buckets.get('results')?.objects.get('a')?.sequencer).toBe(20_000)
    await close()
    await rmdir(journal(folder.dir))
    await rename(path.join(folder.dir, 'kept'), journal(folder.dir))
    const again = await openJournal(folder.dir, nothing(folder.dir))
    expect(again.state.buckets.get('results')?.objects.get('a')?.sequencer).toBe(20_000)
    await again.close()
  })
})

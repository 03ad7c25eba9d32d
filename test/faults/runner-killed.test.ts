import { afterAll, expect, it } from 'vitest'
import type { Storage } from '../../functions/shared/storage.ts'
import { openWorld, prepare, resultsOf, startStore, submit, undisturbed, walk } from './job.ts'

const bench = await prepare(96)
afterAll(() => bench[Symbol.asyncDispose]())

/**
 * Storage as a process has it that dies when it has written an object that none before it wrote: from then on nothing
 * reaches it any more.
 */
const mortal = (results: Storage, written: Set<string>): Storage & { dead: () => boolean } => {
  let dead = false
  const alive = () => {
    if (dead) throw new Error('dead')
  }
  const write = async <T>(key: string, send: () => Promise<T>) => {
    alive()
    const answer = await send()
    dead = !written.has(key)
    written.add(key)
    alive()
    return answer
  }
  const read =
    <Args extends unknown[], T>(ask: (...args: Args) => T) =>
    (...args: Args) => {
      alive()
      return ask(...args)
    }
  return {
    bucket: results.bucket,
    dead: () => dead,
    get: read(results.get),
    getJson: (key, schema) => {
      alive()
      return results.getJson(key, schema)
    },
    getRange: read(results.getRange),
    download: read(results.download),
    head: read(results.head),
    exists: read(results.exists),
    list: read(results.list),
    delete: read(results.delete),
    put: (key, ...rest) => write(key, () => results.put(key, ...rest)),
    putOnce: (key, ...rest) => write(key, () => results.putOnce(key, ...rest)),
    replace: (key, ...rest) => write(key, () => results.replace(key, ...rest)),
    uploadFile: (key, ...rest) => write(key, () => results.uploadFile(key, ...rest))
  }
}

it('killed between any two writes and started again, it comes to the same end with the same bytes', async () => {
  const expected = await undisturbed(bench)
  await using store = await startStore(bench)
  using world = openWorld(bench, store.endpoint)
  const job = await submit(world.context, bench)

  const written = new Set<string>()
  for (;;) {
    const results = mortal(world.context.results, written)
    const ended = await walk({ ...world.context, results }, job).then(
      () => true,
      () => false
    )
    expect(ended).toBe(!results.dead())
    if (ended) break
  }

  // Each walk wrote one object more, so it was killed behind every one of them.
  const keys: string[] = []
  for await (const { key } of world.context.results.list('')) keys.push(key)
  expect([...written].toSorted()).toEqual(keys.filter(key => !key.endsWith('/job.json')).toSorted())
  expect(await resultsOf(world.context.results, job)).toEqual(expected)
}, 180_000)

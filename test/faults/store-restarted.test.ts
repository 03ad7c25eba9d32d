import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { spawnStore } from '../local/store/world.ts'
import { openWorld, prepare, resultsOf, startStore, submit, undisturbed, walk } from './job.ts'
import { startProxy } from './proxy.ts'

const bench = await prepare(96)
afterAll(() => bench[Symbol.asyncDispose]())
const expected = await undisturbed(bench)

it('a store that is stopped and started again in mid-job: the job comes to the same end', async () => {
  let store = await startStore(bench)
  const port = Number(new URL(store.endpoint).port)
  using world = openWorld(bench, store.endpoint)
  const job = await submit(world.context, bench)
  const restart = async () => {
    await store.close()
    // Longer than the client by itself asks again.
    await sleep(1000)
    store = await startStore(bench, { folder: store.folder, port })
  }
  let restarted = Promise.resolve()
  const calls: string[] = []
  await walk(world.context, job, call => {
    const isFirst = !calls.includes(call)
    calls.push(call)
    if (isFirst && ['infer detect 0', 'render 1', 'store'].includes(call)) restarted = restarted.then(restart)
  })
  await restarted
  expect(calls.length).toBeGreaterThanOrEqual(new Set(calls).size + 3)
  expect(await resultsOf(world.context.results, job)).toEqual(expected)
  await store.close()
})

it('a store that is killed at every 10th object that is put: the job comes to the same end', async () => {
  const folder = bench.newStoreFolder()
  let store = await spawnStore(folder)
  let restarted = Promise.resolve()
  let kills = 0
  const restart = async () => {
    kills++
    await store.kill()
    store = await spawnStore(folder)
  }
  const put = new Set<string>()
  await using proxy = await startProxy(
    () => store.endpoint,
    ({ method, key }) => {
      if (method === 'PUT' && !put.has(key) && put.add(key).size % 10 === 0)
        restarted = restarted.then(restart)
      return 'pass'
    }
  )
  using world = openWorld(bench, proxy.endpoint)
  const job = await submit(world.context, bench)
  await walk(world.context, job)
  await restarted
  expect(kills).toBeGreaterThan(2)
  expect(await resultsOf(world.context.results, job)).toEqual(expected)
  await store.kill()
})

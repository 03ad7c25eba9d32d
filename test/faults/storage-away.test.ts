import { afterAll, describe, expect, it } from 'vitest'
import { reopen } from '../../functions/shared/reopen.ts'
import { keys } from '../../functions/shared/keys.ts'
import { openWorld, prepare, resultsOf, startStore, submit, undisturbed, walk, withoutPauses } from './job.ts'
import { startProxy, type Asked, type Fate } from './proxy.ts'

withoutPauses()
const bench = await prepare(96)
afterAll(() => bench[Symbol.asyncDispose]())
const expected = await undisturbed(bench)

/** How often the client asks before it gives up: where a request fails so often, the function fails, once. */
const clientTries = 3

/** The first `times` requests of each kind (look, read, list, write) fail. */
const atFirst = (fate: Fate, times: number) => {
  const left = new Map<string, number>()
  return ({ method, key }: Asked): Fate => {
    const kind = key === '' ? 'list' : method
    const remaining = left.get(kind) ?? times
    left.set(kind, remaining - 1)
    return remaining > 0 ? fate : 'pass'
  }
}

describe('a job comes to the same end with the same bytes where the storage at first', () => {
  it.each<[what: string, fate: Fate]>([
    ['answers 500', { status: 500, code: 'InternalError' }],
    ['answers 503', { status: 503, code: 'SlowDown' }],
    ['cuts the connection in mid-request', 'cut-request'],
    ['cuts the connection in mid-answer', 'cut-answer'],
    ['answers late', 'late']
  ])('%s', async (_, fate) => {
    await using store = await startStore(bench)
    using direct = openWorld(bench, store.endpoint)
    const job = await submit(direct.context, bench)
    await using proxy = await startProxy(() => store.endpoint, atFirst(fate, clientTries))
    using world = openWorld(bench, proxy.endpoint)
    const calls: string[] = []
    await walk(world.context, job, call => calls.push(call))
    // The client alone could not mend it: functions failed and were called again. Late is not a failure.
    expect(calls.length > new Set(calls).size).toBe(fate !== 'late')
    expect(await resultsOf(world.context.results, job)).toEqual(expected)
  })
})

const allRequests = () => true
const writes = ({ method }: Asked) => method === 'PUT'
const endings: [what: string, fate: Fate, meets: (asked: Asked) => boolean, code: string, tries: number][] = [
  ['stays away', { status: 503, code: 'SlowDown' }, allRequests, 'storage-unavailable', 4],
  ['is cut off', 'cut-request', allRequests, 'storage-unavailable', 4],
  ['is full', { status: 507, code: 'InsufficientStorage' }, writes, 'storage-full', 1]
]

it.each(endings)(
  'a storage that %s ends the job as such; started again it goes on where it was',
  async (_, fate, meets, code, tries) => {
    await using store = await startStore(bench)
    using direct = openWorld(bench, store.endpoint)
    const job = await submit(direct.context, bench)
    let away = false
    const fateOf = (asked: Asked) => {
      away ||= writes(asked) && asked.key === keys(job.id).rows('detect', 1)
      return away && meets(asked) ? fate : 'pass'
    }
    await using proxy = await startProxy(() => store.endpoint, fateOf)
    using world = openWorld(bench, proxy.endpoint)
    const calls: string[] = []
    await expect(walk(world.context, job, call => calls.push(call))).rejects.toMatchObject({ code })
    expect(calls.filter(call => call === 'infer detect 1')).toHaveLength(tries)
    // `store` could not be told either, and nothing looks like a result.
    expect(calls.at(-1)).toBe('store')
    expect(await resultsOf(direct.context.results, job)).toEqual({})

    await reopen(direct.context, job.id)
    await walk(direct.context, job)
    const detected = direct.announced.flatMap(said =>
      said.type === 'job.progress' && said.step === 'detect' ? [said.segment] : []
    )
    expect(new Set(detected)).toEqual(new Set([1]))
    expect(await resultsOf(direct.context.results, job)).toEqual(expected)
  }
)

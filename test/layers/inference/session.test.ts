import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { openSession } from '../../../layers/inference/session.ts'
import { build, ops, writeModel } from '../../../models/graph/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'clipmill-session-'))
  // y = w x, with w large enough that a run takes a while
  const graph = build(s => {
    let y = s.input('x', 'float32', [512, 512])
    for (let i = 0; i < 40; i++) y = ops.matMul(y, s.at(i).param('weight', [512, 512]))
    return { y }
  })
  const eye = Float32Array.from({ length: 512 * 512 }, (_, i) => Number(i % 513 === 0))
  await writeModel(graph, { read: () => ({ dtype: 'float32', shape: [512, 512], data: eye }) }, folder)
})
afterAll(() => rm(folder, { recursive: true }))

const feed = (value: number) => ({
  x: { dtype: 'float32' as const, shape: [512, 512], data: new Float32Array(512 * 512).fill(value) }
})

describe('a session', () => {
  it('runs off this thread: timers fire meanwhile; runs queue up and answer in order', async () => {
    await using session = await openSession(folder, { threads: 1 })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const outputs = await Promise.all([1, 2, 3].map(value => session.run(feed(value))))
    clearInterval(timer)
    expect(outputs.map(({ y }) => [y.shape, y.data[0], y.data.at(-1)])).toEqual(
      [1, 2, 3].map(v => [[512, 512], v, v])
    )
    expect(ticks).toBeGreaterThan(3)
    expect(session.seconds).toBeGreaterThan(0)
  })

  it('takes over the buffers that it is fed with', async () => {
    await using session = await openSession(folder, { threads: 1 })
    const feeds = feed(1)
    await session.run(feeds)
    expect(feeds.x.data.byteLength).toBe(0)
  })

  it('answers what does not fit the model with the runtime’s words, and goes on', async () => {
    await using session = await openSession(folder, { threads: 1 })
    const wrong = { x: { dtype: 'float32' as const, shape: [2, 512], data: new Float32Array(1024) } }
    await expect(session.run(wrong)).rejects.toThrow(/512/)
    await expect(session.run({})).rejects.toThrow(/x/)
    expect((await session.run(feed(4))).y.data[7]).toBe(4)
  })

  it('does not open a model that is none', async () => {
    const broken = await mkdtemp(path.join(tmpdir(), 'clipmill-session-'))
    await writeFile(path.join(broken, 'model.onnx'), 'not a model')
    await expect(openSession(broken)).rejects.toThrow()
    await rm(broken, { recursive: true })
  })

  it('closed in the middle of a run, it lets the run fail', async () => {
    const session = await openSession(folder, { threads: 1 })
    const run = session.run(feed(1))
    run.catch(() => undefined)
    await session[Symbol.asyncDispose]()
    await expect(run).rejects.toThrow()
  })
})

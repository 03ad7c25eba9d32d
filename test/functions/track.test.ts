import { describe, expect, it } from 'vitest'
import type { TargetRow } from '../../events/rows.ts'
import { infer } from '../../functions/infer/index.ts'
import { readSegmentRows, readWork } from '../../functions/shared/job.ts'
import { reopen } from '../../functions/shared/reopen.ts'
import { openModels } from '../../layers/models/index.ts'
import { installBright, jpeg, squares } from '../tasks/track/bright.ts'
import { afterDecoding } from './planned.ts'

/** Two squares: one goes right by 8 pixels a frame, the other up by 6. */
const at = (frame: number) => [[60 + 8 * frame, 60] as const, [240, 200 - 6 * frame] as const] as const
const boxAt = (frame: number, which: 0 | 1): [number, number, number, number] => {
  const [x, y] = at(frame)[which]
  return [x - 10, y - 10, 20, 20]
}

/** A clip of twelve frames in three segments, decoded, to be followed from frame 5 on. */
const decoded = async (options: Record<string, unknown> = {}) => {
  const given = { box: [boxAt(5, 0), boxAt(5, 1)], start: 5, updateInterval: 2, ...options }
  const world = await afterDecoding('track', given, frame => jpeg(squares(...at(frame))))
  const models = world.context.scratch
  const digest = await installBright(models)
  const store = openModels(models)
  const context = {
    ...world.context,
    models: { ...store, directory: () => store.directory(digest), describe: () => store.describe(digest) }
  }
  const run = (stage: string, remaining = Infinity) =>
    infer({ ...context, remaining: () => remaining }, { job: world.job.id, stage })
  const targets = async () => {
    const work = await readWork(context, world.job.id)
    const segments = world.segments.filter(({ index }) => !work.missing.has(index))
    const read = await Promise.all(segments.map(({ index }) => readSegmentRows(context, work, index)))
    return read.flatMap(({ rows }) => rows.map(({ row }) => row as TargetRow))
  }
  return { ...world, context, run, targets }
}

describe('track, through the functions', () => {
  it('follows several targets from the start to both ends of the clip', async () => {
    const { run, targets } = await decoded()
    expect(await run('forward')).toEqual({ done: true })
    expect(await run('backward')).toEqual({ done: true })
    const rows = await targets()
    expect(rows.map(({ frame }) => frame)).toEqual(Array.from(Array(12).keys()))
    for (const { frame, targets } of rows)
      for (const [i, { id, box, score, lost, given }] of targets.entries()) {
        expect([id, lost, given]).toEqual([i + 1, false, frame === 5 ? true : undefined])
        expect(score).toBeGreaterThan(0.8)
        for (const [k, value] of boxAt(frame, i as 0 | 1).entries())
          expect(Math.abs(box[k] - value)).toBeLessThan(1.5)
      }
    expect(rows.map(({ targets }) => targets.length)).toEqual(Array(12).fill(2))
  })

  it.each([
    ['forward', { start: 5 }, [5, 11]],
    ['backward', { start: 5 }, [0, 5]],
    // Ten frames a second: the first frame at or behind that time.
    ['forward', { start: '0.71s' }, [8, 11]],
    ['both', { start: '0s' }, [0, 11]]
  ])('goes %s from %o: frames %o', async (direction, { start }, [first, last]) => {
    const { run, targets } = await decoded({ direction, start })
    await run('forward')
    await run('backward')
    const looked = (await targets()).filter(row => row.targets.length > 0).map(({ frame }) => frame)
    expect([looked[0], looked.at(-1), looked.length]).toEqual([first, last, last - first + 1])
  })

  it('halted at every frame, in either direction, it gives the same bytes', async () => {
    const whole = await decoded()
    const halting = await decoded()
    for (const stage of ['forward', 'backward']) {
      await whole.run(stage)
      for (let i = 0; i < 11; i++) expect(await halting.run(stage, 1000)).toEqual({ done: false })
      expect(await halting.run(stage, 1000)).toEqual({ done: true })
      expect(await halting.rowsOf(stage)).toEqual(await whole.rowsOf(stage))
    }
  })

  it.each([
    ['forward', 8, [2]],
    // Of the start's frame nothing is wanted before `backward` begins there.
    ['backward', 3, []]
  ] as const)(
    '%s from frame %i on: reads pictures of segments %j alone',
    async (direction, start, segments) => {
      const { context, name, job } = await decoded({ start, direction })
      const read = new Set<string>()
      const { results } = context
      const noting = {
        ...context,
        results: {
          ...results,
          getRange: (...range: Parameters<typeof results.getRange>) => {
            read.add(range[0])
            return results.getRange(...range)
          }
        }
      }
      await infer(noting, { job: job.id, stage: 'forward' })
      expect([...read]).toEqual(segments.map(name.pictures))
    }
  )

  it('from the first frame on, nobody goes backward', async () => {
    const { run, list, name, job } = await decoded({ start: 0 })
    await run('forward')
    expect(await run('backward')).toEqual({ done: true })
    expect(await list(name.rowsOf('backward'))).toEqual([])
    expect(Object.keys(job.models)).toEqual(['forward'])
  })

  it('says so where the frame of the start cannot be had', async () => {
    const { context, name, run } = await decoded()
    await context.results.put(name.missing(1), '{}', { contentType: 'application/json' })
    await expect(run('forward')).rejects.toMatchObject({
      code: 'start-frame-missing',
      details: { start: '5', next: 8 }
    })
  })

  it('says so, too, where nothing behind it can be had', async () => {
    const { context, name, run } = await decoded({ start: 9 })
    await context.results.put(name.missing(2), '{}', { contentType: 'application/json' })
    await run('forward')
    await expect(run('backward')).rejects.toMatchObject({
      code: 'start-frame-missing',
      details: { start: '9' }
    })
  })

  it('passes over a gap, and makes again what came of it once the frames are there', async () => {
    const whole = await decoded({ start: 1, box: [boxAt(1, 0), boxAt(1, 1)] })
    const gap = await decoded({ start: 1, box: [boxAt(1, 0), boxAt(1, 1)] })
    await gap.context.results.put(gap.name.missing(1), '{}', { contentType: 'application/json' })
    for (const stage of ['forward', 'backward']) {
      await gap.run(stage)
      await whole.run(stage)
    }
    expect((await gap.targets()).map(({ frame }) => frame)).toEqual([0, 1, 2, 3, 8, 9, 10, 11])
    await reopen(gap.context, gap.job.id)
    for (const stage of ['forward', 'backward']) await gap.run(stage)
    expect(await gap.rowsOf('backward')).toEqual(await whole.rowsOf('backward'))
  })
})

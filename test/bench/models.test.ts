import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { measureModels, measureTrackers } from '../../bench/models.ts'
import { multiplyAdds } from '../../bench/multiply-adds.ts'
import { authorsWork, trackersOf } from '../../bench/trackers.ts'
import { buildSearch } from '../../models/mixformerv2/network.ts'
import { mixFormerVariants } from '../../models/mixformerv2/variants.ts'

const street = path.resolve(import.meta.dirname, '../../media/street.mp4')

it('tells what a frame of the demo clip takes in nano and around it', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
  vi.stubEnv('CLIPMILL_HOME', home)
  onTestFinished(() => rm(home, { recursive: true }))
  const { picture, networks } = await measureModels(street, ['nano'], 2)
  expect(picture).toEqual({ width: 768, height: 576 })
  const [nano, ...others] = networks
  expect(others).toEqual([])
  expect(nano).toMatchObject({ variant: 'nano', weights: 'clipmill-person-nano' })
  expect(nano.input).toEqual({ width: 640, height: 480 })
  const { forward, decode, letterbox, handOver, postprocess, shares } = nano
  expect(forward.map(({ threads }) => threads)).toEqual([1, 2])
  for (const ms of [...forward.map(({ ms }) => ms), decode, letterbox, handOver, postprocess])
    expect(ms).toBeGreaterThan(0)
  expect(shares.around).toBeGreaterThan(shares.decodeAndLetterbox)
  expect(shares.decodeAndLetterbox).toBeGreaterThan(shares.letterbox)
})

it('tells what a frame takes in a tracker in each precision, and around it', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
  vi.stubEnv('CLIPMILL_HOME', home)
  onTestFinished(() => rm(home, { recursive: true }))
  const { picture, networks } = await measureTrackers(street, 'romtrack', ['tiny-256'], 1)
  expect(picture).toEqual({ width: 1280, height: 720 })
  const [tiny, ...others] = networks
  expect(others).toEqual([])
  expect(tiny).toMatchObject({ variant: 'tiny-256', weights: 'by rule' })
  expect(tiny.runs.map(({ precision, threads }) => `${precision} ${threads}`)).toEqual([
    'float32 1',
    'float32 2',
    'float16 1',
    'float16 2',
    'int8 1',
    'int8 2'
  ])
  for (const { fps, forward, template, decode, crop, handOver, box, outside, gain } of tiny.runs) {
    for (const figure of [template, decode, crop, handOver, box, gain]) expect(figure).toBeGreaterThan(0)
    expect(fps).toBeCloseTo(1000 / (forward + decode + crop + handOver + box), 6)
    expect(outside).toBeCloseTo(1 - (forward * fps) / 1000, 6)
  }
  const bytes = (precision: string) => tiny.runs.find(run => run.precision === precision)!.bytes
  expect(bytes('float16') / bytes('float32')).toBeCloseTo(0.5, 1)
})

it('counts the multiply-adds of a network as its specification does', () => {
  expect(authorsWork(trackersOf('mixformerv2').get('s')!) / 1e9).toBeCloseTo(4.8, 1)
  // Of the last block, all but four tokens' keys and values are left out beside the templates' part.
  expect(multiplyAdds(buildSearch(mixFormerVariants.s)) / 1e9).toBeCloseTo(2.77, 2)
})

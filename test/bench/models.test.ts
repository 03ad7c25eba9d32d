import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { measureModels } from '../../bench/models.ts'

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

import { expect, it } from 'vitest'
import { createProgress } from '../../cli/progress.ts'
import type { Announcement } from '../../events/announcement.ts'

const about = {
  job: 'track-many-1',
  task: 'track-many',
  clip: 'street.mp4',
  key: 'track-many/street.mp4',
  at: '2026-01-01T00:00:00.000Z'
}
const progressOf = (step: string, segment: number, frames: number): Announcement => ({
  type: 'job.progress',
  ...about,
  step,
  segment,
  frames
})

const record = (isTTY: boolean) => {
  const written: string[] = []
  let time = 0
  const progress = createProgress({ isTTY, columns: 200, write: text => written.push(text) }, () => time)
  return { written, progress, pass: (seconds: number) => (time += seconds * 1000) }
}

it('without a terminal: a line as each step begins, and one every five seconds', () => {
  const { written, progress, pass } = record(false)
  progress.take({ type: 'job.accepted', ...about })
  progress.take({ type: 'job.started', ...about, frames: 120, segments: 2 })
  pass(1)
  progress.take(progressOf('decode', 0, 30))
  progress.take(progressOf('decode', 0, 60))
  pass(1)
  progress.take(progressOf('detect', 0, 10))
  progress.take(progressOf('decode', 1, 60))
  pass(5)
  progress.take(progressOf('detect', 0, 60))
  expect(written).toEqual([
    'street.mp4  plan\n',
    expect.stringMatching(
      /^street\.mp4 {2}decode 30 {2}infer detect 0 {2}infer associate 0 {2}render 0 {2}store 0 {2}of 120 frames/
    ),
    expect.stringMatching(/^street\.mp4 {2}decode 60 {2}infer detect 10 /),
    expect.stringMatching(/^street\.mp4 {2}decode 120 {2}infer detect 60 /)
  ])
})

it('a step that starts again does not count twice', () => {
  const { written, progress, pass } = record(true)
  progress.take({ type: 'job.accepted', ...about })
  progress.take({ type: 'job.started', ...about, frames: 120, segments: 2 })
  for (const frames of [40, 10, 60]) {
    pass(1)
    progress.take(progressOf('decode', 0, frames))
  }
  expect(written.at(-1)).toContain('decode 60 ')
})

it('estimates what is left from what the steps cost, the last one included', () => {
  const { written, progress, pass } = record(true)
  progress.take({ type: 'job.accepted', ...about })
  progress.take({ type: 'job.started', ...about, frames: 100, segments: 1 })
  pass(10)
  progress.take(progressOf('decode', 0, 100))
  pass(80)
  progress.take(progressOf('detect', 0, 100))
  // 9 of 11.1 parts took 90 s.
  expect(written.at(-1)).toMatch(/0:21 left$/)
})

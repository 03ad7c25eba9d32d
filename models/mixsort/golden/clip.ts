import { z } from 'zod'
import { deviationOf, filled, stepsForm } from '../../golden/index.ts'
import { byteDefaults, start, step } from '../byte.ts'
import { motLine } from '../lines.ts'
import { detections, differing, exact, noOc, rowsOf, skipped, table } from './shared.ts'

/** The threshold of the runs stands in the file's notes. */
const trackThresh = /track_thresh ([\d.]*\d)/

const clipGolden = z.object({
  system: z.string(),
  notes: z.string().regex(trackThresh),
  detections: z.array(table.nullable()),
  runs: filled(z.object({ lines: z.array(z.string()).min(1) }))
})

async function* checkClip({ notes, detections: frames, runs }: z.infer<typeof clipGolden>) {
  for (const [name, { lines }] of Object.entries(runs)) {
    if (name !== 'plain-byte') {
      yield skipped(name, noOc)
      continue
    }
    const options = { ...byteDefaults, trackThresh: Number(trackThresh.exec(notes)![1]) }
    const ours: string[] = []
    let state = start()
    for (const [i, frame] of frames.entries()) {
      if (!frame?.length) continue
      const next = await step(state, detections(frame, 1), options)
      state = next.state
      ours.push(...rowsOf(i + 1, next.tracks).map(motLine))
    }
    const numbers = (all: string[]) => all.map(line => line.split(',').map(Number))
    const [mine, golden] = [numbers(ours), numbers(lines)]
    const identity = (rows: number[][]) => rows.map(([frame, id, , , , , score]) => [frame, id, score])
    yield deviationOf(`${name} frames, ids and scores`, differing(identity(mine), identity(golden)), 0)
    // Detections are given in seven digits, less than float32 has: now and then a coordinate falls to the other side
    // of a rounding to 0.1.
    const difference = mine.flatMap((row, i) => row.map((v, j) => Math.abs(v - (golden[i]?.[j] ?? Infinity))))
    yield deviationOf(
      `${name} boxes`,
      difference.reduce((a, b) => Math.max(a, b), 0),
      0.1 + exact
    )
    yield deviationOf(`${name} lines that differ by a rounding`, differing(ours, lines) / lines.length, 0.003)
  }
}

export const clipSteps = stepsForm('mixsort', ['detections', 'runs'], clipGolden, checkClip)

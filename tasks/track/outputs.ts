import { seconds } from '../../events/clip.ts'
import type { TargetRow } from '../../events/rows.ts'
import type { Output, Results } from '../define.ts'
import { canonicalJson, csvLine, pixels, round } from '../text.ts'
import { writeCvat } from './cvat.ts'
import type { Options } from './options.ts'

type Targets = Results<Options>
type Target = TargetRow['targets'][number]

const writeJson = (results: Targets) =>
  canonicalJson(results, row => ({
    targets: (row as TargetRow).targets.map(target => ({
      ...target,
      box: pixels(target.box),
      score: round(target.score, 4)
    }))
  }))

async function* writeCsv({ frames, clip }: Targets) {
  yield 'frame,seconds,target,x,y,width,height,score,lost\n'
  for await (const { index, pts, row } of frames())
    for (const { id, box, score, lost } of (row as TargetRow).targets) {
      const time = round(seconds(pts, clip.video.timeBase), 6)
      yield csvLine([index, time, id, ...pixels(box), round(score, 4), lost ? 1 : 0])
    }
}

/**
 * The text of a benchmark: a line for each frame of the clip, x,y,width,height. Where there is no box, all are 0, which
 * the benchmarks' tools take for a miss.
 */
const benchmark = (id: number, number: (value: number) => string): Output<Options>['write'] =>
  async function* ({ frames, clip }) {
    const line = (target?: Target) => `${(target?.box ?? [0, 0, 0, 0]).map(number).join(',')}\n`
    let next = 0
    for await (const { index, row } of frames()) {
      for (; next < index; next++) yield line()
      yield line((row as TargetRow).targets.find(target => target.id === id))
      next++
    }
    for (; next < clip.video.frames; next++) yield line()
  }

/** Whole pixels, cut off: what the authors hand in, and published figures rest on. */
const wholePixels = (value: number) => String(Math.trunc(value))
/** As the official toolkit writes them. */
const thousandths = (value: number) => value.toFixed(3)

export const outputs = ({ box: boxes }: Options): Output<Options>[] => [
  { name: 'track.json', format: 'clipmill JSON', contentType: 'application/json', write: writeJson },
  { name: 'track.csv', format: 'CSV', contentType: 'text/csv', write: writeCsv },
  { name: 'track.cvat.xml', format: 'CVAT for video 1.1', contentType: 'application/xml', write: writeCvat },
  ...boxes.flatMap((_, i) => {
    const suffix = boxes.length === 1 ? '' : `-${i + 1}`
    return [
      {
        name: `lasot${suffix}.txt`,
        format: 'LaSOT',
        contentType: 'text/plain',
        write: benchmark(i + 1, wholePixels)
      },
      {
        name: `got10k${suffix}.txt`,
        format: 'GOT-10k',
        contentType: 'text/plain',
        write: benchmark(i + 1, thousandths)
      }
    ]
  })
]

import { seconds } from '../../events/clip.ts'
import type { TrackRow } from '../../events/rows.ts'
import { motLine } from '../../models/mixsort/lines.ts'
import type { Output, Results } from '../define.ts'
import { canonicalJson, csvLine, elements, pixels, round } from '../text.ts'
import type { Options } from './options.ts'

type Tracks = Results<Options>

async function* readRows({ frames, clip }: Tracks) {
  for await (const { index, pts, row } of frames())
    yield { index, seconds: seconds(pts, clip.video.timeBase), objects: (row as TrackRow).objects }
}

/** MOTChallenge text: frame (from 1), id, left, top, width, height, score, -1, -1, -1. */
async function* writeMot(tracks: Tracks) {
  for await (const { index, objects } of readRows(tracks))
    for (const { id, box, score } of objects) yield `${motLine({ frame: index + 1, id, box, score })}\n`
}

const writeJson = (tracks: Tracks) =>
  canonicalJson(tracks, row => ({
    objects: (row as TrackRow).objects.map(({ id, box, score, class: name }) => ({
      id,
      box: pixels(box),
      score: round(score, 4),
      class: name
    }))
  }))

async function* writeCsv(tracks: Tracks) {
  yield 'frame,seconds,id,class,x,y,width,height,score\n'
  for await (const { index, seconds, objects } of readRows(tracks))
    for (const { id, box, score, class: name } of objects)
      yield csvLine([index, round(seconds, 6), id, name, ...pixels(box), round(score, 4)])
}

/** COCO with videos, as the tools for tracking read it: `track_id` at each annotation; image ids count frames from 1. */
async function* writeCoco(tracks: Tracks) {
  const { job, clip, options } = tracks
  const { width, height } = clip.video
  const categoryOf = new Map(options.classes.map((name, i) => [name, i + 1]))
  const categories = [...categoryOf].map(([name, id]) => ({ id, name }))
  const videos = [{ id: 1, name: job.clip.key, width, height }]
  yield `{"videos":${JSON.stringify(videos)},"categories":${JSON.stringify(categories)},"images":[`
  yield* elements(cocoImages(tracks))
  yield '\n],"annotations":['
  yield* elements(cocoAnnotations(tracks, categoryOf))
  yield '\n]}\n'
}

async function* cocoImages(tracks: Tracks) {
  const { width, height } = tracks.clip.video
  for await (const { index } of readRows(tracks))
    yield {
      id: index + 1,
      video_id: 1,
      frame_index: index,
      width,
      height,
      file_name: `${index + 1}.jpg`
    }
}

async function* cocoAnnotations(tracks: Tracks, categoryOf: Map<string, number>) {
  let count = 0
  for await (const { index, objects } of readRows(tracks))
    for (const { id, box, score, class: name } of objects)
      yield {
        id: ++count,
        image_id: index + 1,
        video_id: 1,
        category_id: categoryOf.get(name),
        track_id: id,
        bbox: pixels(box),
        area: round(box[2] * box[3], 3),
        iscrowd: 0,
        score: round(score, 4)
      }
}

export const outputs: Output<Options>[] = [
  { name: 'tracks.txt', format: 'MOTChallenge', contentType: 'text/plain', write: writeMot },
  { name: 'tracks.json', format: 'clipmill JSON', contentType: 'application/json', write: writeJson },
  { name: 'tracks.csv', format: 'CSV', contentType: 'text/csv', write: writeCsv },
  {
    name: 'tracks.coco.json',
    format: 'COCO with track ids',
    contentType: 'application/json',
    write: writeCoco
  }
]

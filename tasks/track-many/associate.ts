import { trackRow, type DetectionRow, type TrackRow } from '../../events/rows.ts'
import { byteDefaults, start, step, trackBox, type ByteState } from '../../models/mixsort/byte.ts'
import { plausible } from '../../models/mixsort/lines.ts'
import type { FoldStage } from '../define.ts'
import type { Options } from './options.ts'

/** One tracker a class, in the order of the options; ids are given out across all of them. */
type State = Record<string, ByteState>

/** ByteTrack: joins each frame's detections to tracks. Runs on rows alone. */
export const associate: FoldStage<Options> = {
  kind: 'fold',
  name: 'associate',
  row: trackRow,
  start: ({ options }): State => Object.fromEntries(options.classes.map(name => [name, start()])),

  async step({ options }, before, { index, rows }) {
    const { objects } = rows.detect as DetectionRow
    const byte = { ...byteDefaults, trackThresh: options.minScore, trackBuffer: options.lostFor }
    const after: State = {}
    const seen: TrackRow['objects'] = []
    let idsGiven = Math.max(...Object.values(before as State).map(state => state.idsGiven))
    for (const [name, state] of Object.entries(before as State)) {
      const detections = objects.filter(object => object.class === name)
      const next = await step({ ...state, idsGiven }, detections, byte)
      after[name] = next.state
      idsGiven = next.state.idsGiven
      for (const track of next.tracks) {
        const box = trackBox(track)
        if (isPlausible(name, box, options.minArea))
          seen.push({ id: track.id, box: [...box], score: track.score, class: name })
      }
    }
    return { state: after, row: { frame: index, objects: seen } satisfies TrackRow }
  }
}

/** The authors' filter on a box's form is made for people. */
const isPlausible = (name: string, box: Parameters<typeof plausible>[0], minArea: number) =>
  name === 'person' ? plausible(box, minArea) : box[2] * box[3] > minArea

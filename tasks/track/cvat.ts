/** CVAT's XML for videos, version 1.1: a track a target, with a box on each frame. */
import type { TargetRow } from '../../events/rows.ts'
import type { Results } from '../define.ts'
import { round } from '../text.ts'
import type { Options } from './options.ts'

const label = 'target'

export async function* writeCvat(results: Results<Options>) {
  const { job, clip, options } = results
  const { width, height, frames } = clip.video
  yield `<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <name>${escaped(job.clip.key)}</name>
      <size>${frames}</size>
      <mode>interpolation</mode>
      <start_frame>0</start_frame>
      <stop_frame>${frames - 1}</stop_frame>
      <labels><label><name>${label}</name><type>rectangle</type><attributes></attributes></label></labels>
      <original_size><width>${width}</width><height>${height}</height></original_size>
    </task>
  </meta>
`
  for (const i of options.box.keys()) {
    yield `  <track id="${i}" label="${label}" source="auto">\n`
    yield* boxesOf(results, i + 1)
    yield '  </track>\n'
  }
  yield '</annotations>\n'
}

/** A box holds until the next one, so where the target is nowhere to be had, one has to say so. */
async function* boxesOf({ frames, clip }: Results<Options>, id: number) {
  let shown: { frame: number; box: Box } | undefined
  for await (const { index, row } of frames()) {
    const target = (row as TargetRow).targets.find(target => target.id === id)
    if (shown && (!target || shown.frame < index - 1)) {
      yield line(shown.frame + 1, shown.box, true)
      shown = undefined
    }
    if (!target) continue
    yield line(index, target.box, target.lost)
    shown = { frame: index, box: target.box }
  }
  if (shown && shown.frame < clip.video.frames - 1) yield line(shown.frame + 1, shown.box, true)
}

type Box = TargetRow['targets'][number]['box']

const line = (frame: number, [x, y, width, height]: Box, outside: boolean) => {
  const [left, top, right, bottom] = [x, y, x + width, y + height].map(value => round(value, 2).toFixed(2))
  return `    <box frame="${frame}" keyframe="1" outside="${outside ? 1 : 0}" occluded="0" xtl="${left}" ytl="${top}" xbr="${right}" ybr="${bottom}" z_order="0"></box>\n`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replace(/[&<>"]/g, character => entities[character])

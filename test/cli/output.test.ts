import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { gapLines } from '../../cli/output.ts'
import { Fault } from '../../events/faults.ts'
import { manifest as manifestSchema } from '../../events/manifest.ts'

const example = manifestSchema.parse(
  JSON.parse(readFileSync(new URL('../../events/examples/manifest.json', import.meta.url), 'utf8'))
)

it('says which frames are not as the clip should have them, and nothing where all are', () => {
  const whole = { ...example, repeated: [], missing: [] }
  expect(gapLines(whole)).toEqual([])

  const fault = new Fault('step-timeout', { step: 'decode', seconds: 900 }).toJSON()
  const manifest = {
    ...example,
    clip: { ...example.clip, video: { ...example.clip.video, missingAtEnd: 19 } },
    repeated: [{ first: 3, last: 4 }],
    missing: [{ first: 60, last: 119, fault }]
  }
  expect(gapLines(manifest)).toEqual([
    "  frames 3 to 4 are damaged in the clip and show their neighbour's picture",
    `  frames 60 to 119 are missing: ${fault.message}`,
    '  the clip is cut off: 19 frames are missing at its end'
  ])
})

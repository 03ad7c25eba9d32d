import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { isFault } from '../../events/faults.ts'
import { openMedia, planSegments, type Media } from '../../layers/media/index.ts'
import { mediaProcesses, peakMemory } from '../layers/media/processes.ts'
import { damaged, damagedCopies } from '../damage.ts'
import { corpus } from './make.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'clipmill-damage-'))
const root = process.cwd()
const here = path.join(folder, 'here')
mkdirSync(here)
// What is written under a relative name comes to light here.
process.chdir(here)
afterAll(() => {
  process.chdir(root)
  rmSync(folder, { recursive: true })
})

const sources = [
  ...['plain.mp4', 'hevc.mp4', 'av1.mp4', 'edit-list-at-start.mp4', 'cut-off-behind-index.mp4'],
  ...['sound-in-pieces.mkv', 'sound-of-another-codec.mkv', 'vp9.webm', 'mpeg-4-part-2.avi', 'b-frames.ts'],
  ...['mpeg-2.mpg', 'flash.flv', 'theora.ogv', 'windows-media.wmv', 'picture.jpg', 'picture.mp4']
]
const at = (name: string) => path.join(folder, name)
for (const name of sources) await corpus[name].make(at(name))
const originals = sources.map(name => readFileSync(at(name)))
const [clip, sound, out, pictures] = ['clip', 'sound', 'out', 'pictures'].map(at)
const own = [...sources, ...['here', 'clip', 'sound', 'out', 'pictures']]

/** Takes the clip through every call of the media process. */
const throughAll = async (media: Media) => {
  const { facts, timeline } = await media.probe(clip)
  const segments: string[] = []
  for (const segment of planSegments(timeline, { target: 20, max: 30 })) {
    const piece = at(`piece-${segment.index}`)
    const table = await media.decode(clip, segment, facts, { format: 'jpeg', longSide: 640, out: pictures })
    if (table.frames.some(({ index }, i) => index !== segment.firstFrame + i)) throw new Error('frames amiss')
    await media.render({ pictures, table, facts, out: piece })
    segments.push(piece)
  }
  const sounds = await media.sound(clip, sound)
  const joined = await media.join({ segments, facts, out, ...(sounds && { sound }) })
  const result = await media.probe(out)
  if (result.facts.audio ? !joined : joined) throw new Error('told wrongly whether it sounds')
}

/** What is not as it should be with the end of a copy. */
const amiss = (error: Error | undefined, seconds: number) => {
  if (seconds > 30) return `took ${seconds} s`
  if (error && (!isFault(error) || error.code === 'internal-error')) return error.message
  const files = [...readdirSync(folder), ...readdirSync(here)]
  const others = files.filter(file => !own.includes(file) && !file.startsWith('piece-'))
  return others.length ? `wrote ${others.join(', ')}` : undefined
}

const copies = damagedCopies()

test(
  `${copies.length} damaged copies of clips: each ends within 30 s, in a result or a fault with a code`,
  async () => {
    const problems: string[] = []
    const results = { whole: 0, refused: 0 }
    let peak = 0
    let media = openMedia()
    for (const copy of copies) {
      const which = copy % sources.length
      writeFileSync(clip, damaged(originals[which], originals[(copy * 7) % sources.length], copy))
      const begin = performance.now()
      const error = await throughAll(media).then(
        () => undefined,
        (error: unknown) => error as Error
      )
      const problem = amiss(error, (performance.now() - begin) / 1000)
      if (problem) problems.push(`CLIPMILL_DAMAGED_FIRST=${copy} (${sources[which]}): ${problem}`)
      results[error ? 'refused' : 'whole']++
      peak = Math.max(peak, ...mediaProcesses().map(peakMemory))
      if (!media.alive) {
        await media[Symbol.asyncDispose]()
        media = openMedia()
      }
    }
    await media[Symbol.asyncDispose]()
    expect(problems).toEqual([])
    expect(peak).toBeLessThan(2e9)
    // Damage that stopped every clip at its head, or none, would test little.
    if (copies.length >= 100) {
      expect(results.whole / copies.length).toBeGreaterThan(0.2)
      expect(results.refused / copies.length).toBeGreaterThan(0.2)
    }
  },
  60_000 + copies.length * 3000
)

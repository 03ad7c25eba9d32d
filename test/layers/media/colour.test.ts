import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { Colour } from '../../../events/clip.ts'
import { yuvOf } from '../../../layers/media/draw.ts'
import { makeClip, type ClipRecipe } from './make-clip.ts'
import { decodeAll, openWorkplace, pixels } from './workplace.ts'

const { media, at } = openWorkplace()

/** Seven bars of 75 %, then eight steps of grey. */
const colours: Colour[] = [
  ...[
    [191, 191, 191],
    [191, 191, 0],
    [0, 191, 191],
    [0, 191, 0],
    [191, 0, 191],
    [191, 0, 0],
    [0, 0, 191]
  ],
  ...Array.from({ length: 8 }, (_, i) => [i * 36, i * 36, i * 36])
] as Colour[]
const bar = 32

const bars =
  (matrix: string, range: 'tv' | 'pc'): ClipRecipe['paint'] =>
  (planes, _i, width, height) => {
    for (const [i, colour] of colours.entries())
      for (const [p, value] of yuvOf(colour, matrix, range).entries()) {
        const [side, w] = p ? [bar / 2, width / 2] : [bar, width]
        for (let y = 0; y < (p ? height / 2 : height); y++)
          planes[p].fill(value, y * w + i * side, y * w + (i + 1) * side)
      }
  }

/** Largest distance of the bars' middles from their colours, in levels of 0..255. */
const deviation = async (picture: Buffer) => {
  const { data, width } = await pixels(picture)
  const row = 20 * width
  return Math.max(
    ...colours.flatMap((colour, i) =>
      colour.map((value, c) => Math.abs(data[(row + Math.floor((i + 0.5) * bar)) * 3 + c] - value))
    )
  )
}

const recipe = (matrix: string, range: 'tv' | 'pc', tags: Record<string, string>): ClipRecipe => ({
  width: colours.length * bar,
  height: 48,
  frames: 2,
  paint: bars(matrix, range),
  options: { qp: '4', color_range: range, ...tags }
})
const tagged = (space: string, primaries: string, transfer: string) => ({
  colorspace: space,
  color_primaries: primaries,
  color_trc: transfer
})

test.each<[string, ClipRecipe]>([
  ['BT.709', recipe('bt709', 'tv', tagged('bt709', 'bt709', 'bt709'))],
  ['BT.709, full range', recipe('bt709', 'pc', tagged('bt709', 'bt709', 'bt709'))],
  ['BT.601', recipe('smpte170m', 'tv', tagged('smpte170m', 'smpte170m', 'smpte170m'))],
  ['BT.601, full range', recipe('smpte170m', 'pc', tagged('smpte170m', 'bt709', 'bt709'))],
  ['BT.2020', recipe('bt2020nc', 'tv', tagged('bt2020nc', 'bt2020', 'bt2020-10'))],
  ['no tags, which means BT.601', recipe('smpte170m', 'tv', {})]
])('bars and greys keep their colours: %s', async (name, clip) => {
  const file = await makeClip(at(`${name.replaceAll(/\W/g, '-')}.mp4`), clip)
  const { pictures: exact } = await decodeAll(media, file)
  expect(await deviation(exact[1])).toBeLessThanOrEqual(3)

  for (const format of ['jpeg', 'png'] as const) {
    const { facts, tables, files, pictures } = await decodeAll(media, file, { format })
    expect(await deviation(pictures[1])).toBeLessThanOrEqual(4)
    const [segment, out] = [at('colour.nut'), at('colour.mp4')]
    await media.render({ pictures: files[0], table: tables[0], facts, out: segment })
    await media.join({ segments: [segment], facts, out })
    const result = await decodeAll(media, out)
    expect(await deviation(result.pictures[1])).toBeLessThanOrEqual(7)
    expect(result.facts.video.colour).toEqual({ ...facts.video.colour, range: 'limited' })
  }
})

test('pictures in RGB', async () => {
  const rgb = colours.flatMap(c => Array<Colour>(bar).fill(c)).flat()
  const width = colours.length * bar
  const picture = Buffer.from(Array<number[]>(48).fill(rgb).flat())
  const png = await sharp(picture, { raw: { width, height: 48, channels: 3 } })
    .png()
    .toBuffer()
  const table = {
    segment: 0,
    format: 'png' as const,
    width,
    height: 48,
    timeBase: { num: 1, den: 25 },
    frames: [{ index: 0, pts: 0, offset: 0, bytes: png.length }]
  }
  const source = await makeClip(at('source.mp4'), recipe('bt709', 'tv', tagged('bt709', 'bt709', 'bt709')))
  const { facts } = await media.probe(source)
  await media.still({ picture: png, table, facts, out: at('rgb.jpg') })
  expect(await deviation(readFileSync(at('rgb.jpg')))).toBeLessThanOrEqual(5)
})

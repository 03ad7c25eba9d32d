import { deserialize, serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { byteDefaults, start, step } from '../../../models/mixsort/byte.ts'
import type { Appearance, ByteState, Detection } from '../../../models/mixsort/byte.ts'

const person = (x: number, score = 0.9, y = 50): Detection => ({ box: [x, y, 20, 40], score })

/** Ids given out per frame. */
const idsOf = async (frames: Detection[][], options = byteDefaults, appearance?: Appearance) => {
  let state = start()
  const ids: number[][] = []
  for (const detections of frames) {
    const next = await step(state, detections, options, appearance)
    state = next.state
    ids.push(next.tracks.map(t => t.id))
  }
  return ids
}

describe('Byte', () => {
  it('gives tracks of the first frame at once, later ones when they are seen a second time', async () => {
    const frames = [[person(10)], [person(12), person(200)], [person(14), person(202)]]
    expect(await idsOf(frames)).toEqual([[1], [1], [1, 2]])
  })

  it('carries a track on through low scores, but starts none with them', async () => {
    expect(await idsOf([[person(10)], [person(11, 0.3)], [person(12), person(200, 0.3)]])).toEqual([
      [1],
      [1],
      [1]
    ])
  })

  it('starts no track below the birth score, and takes the threshold itself for neither group', async () => {
    expect(await idsOf([[person(10, 0.65)]])).toEqual([[]])
    expect(await idsOf([[person(10)], [person(10, Math.fround(0.6))]])).toEqual([[1], []])
  })

  it('finds a lost track again within the buffer, under its id, and not after it', async () => {
    const options = { ...byteDefaults, trackBuffer: 3 }
    const gap = (n: number) => [[person(10)], [person(10)], ...Array<Detection[]>(n).fill([]), [person(10)]]
    expect((await idsOf(gap(3), options)).at(-1)).toEqual([1])
    // A track removed by age takes part in one more frame.
    expect((await idsOf(gap(4), options)).at(-1)).toEqual([1])
    expect((await idsOf([...gap(5), [person(10)]], options)).at(-1)).toEqual([2])
  })

  it('keeps no id of tracks that cannot be met again', async () => {
    let state = start()
    for (let i = 0; i < 200; i++)
      state = (await step(state, i % 8 ? [] : [person(i * 50)], { ...byteDefaults, trackBuffer: 2 })).state
    expect(state.removed.length).toBeLessThan(3)
    expect(state.idsGiven).toBe(25)
  })

  it('tells two in one place apart by their looks', async () => {
    const frames = [
      [person(10), person(70)],
      [person(40, 0.8), person(42, 0.9)]
    ]
    /** The first track looks like the second detection, and the other way round. */
    const crossed: Appearance = {
      similarity: (tracks, boxes) =>
        Promise.resolve(tracks.flatMap(t => boxes.map((_, j) => Number(t.id - 1 !== j)))),
      template: () => new Uint8Array(1)
    }
    let state: ByteState = start()
    for (const frame of frames)
      state = (await step(state, frame, { ...byteDefaults, alpha: 0.2, matchThresh: 2 }, crossed)).state
    expect(state.tracked.map(t => [t.id, t.score])).toEqual([
      [1, 0.9],
      [2, 0.8]
    ])
  })

  it('leaves the state that it was given as it is', async () => {
    const { state } = await step(start(), [person(10), person(100)], byteDefaults)
    const before = structuredClone(state)
    await step(state, [person(12)], byteDefaults)
    expect(state).toEqual(before)
  })

  const looks: Appearance = {
    similarity: (tracks, boxes) =>
      Promise.resolve(tracks.flatMap(t => boxes.map(box => 1 / (1 + Math.abs(t.template![0] - box[0]))))),
    template: box => Uint8Array.of(box[0], box[1])
  }

  it.each([
    { store: 'structured cloning', copy: structuredClone<ByteState>, appearance: looks },
    {
      store: 'v8',
      copy: (state: ByteState) => deserialize(serialize(state)) as ByteState,
      appearance: looks
    },
    {
      store: 'JSON, which has no templates',
      copy: (state: ByteState) => JSON.parse(JSON.stringify(state)) as ByteState,
      appearance: undefined
    }
  ])('goes on from a state stored with $store as if nothing had been', async ({ copy, appearance }) => {
    let [whole, interrupted] = [start(), start()]
    for (let i = 0; i < 60; i++) {
      const detections = [1, 2, 3, 4, 5].map(k =>
        person(
          Math.fround(k * 37 + i * Math.sin(k) * 3.3),
          Math.fround(0.5 + 0.5 * Math.sin(i * k)),
          Math.fround(30 + k * Math.cos(i / 9))
        )
      )
      const [a, b] = await Promise.all(
        [whole, copy(interrupted)].map(state => step(state, detections, byteDefaults, appearance))
      )
      expect(b).toStrictEqual(a)
      ;[whole, interrupted] = [a.state, b.state]
    }
    expect(whole.idsGiven).toBeGreaterThan(5)
    expect(whole.tracked.every(track => (track.template !== undefined) === (appearance !== undefined))).toBe(
      true
    )
  })
})

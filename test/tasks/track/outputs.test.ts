import { describe, expect, it } from 'vitest'
import type { TargetRow } from '../../../events/rows.ts'
import type { Results } from '../../../tasks/define.ts'
import { completeOptions, taskNamed } from '../../../tasks/index.ts'

const task = taskNamed('track')
const boxes = [
  [10.25, 20, 30, 40],
  [100, 50, 20, 20]
]

/** Six frames: nobody looked at the first, the fourth was given up, and the second target is lost on the last. */
const rows: [index: number, targets: TargetRow['targets']][] = [
  [0, []],
  [
    1,
    [
      { id: 1, box: [10.25, 20, 30, 40], score: 1, lost: false, given: true },
      { id: 2, box: [100, 50, 20, 20], score: 1, lost: false, given: true }
    ]
  ],
  [
    2,
    [
      { id: 1, box: [-2.71828, 21.4999, 31, 41], score: 0.91234, lost: false },
      { id: 2, box: [99.5, 50.5, 20, 20], score: 0.8, lost: false }
    ]
  ],
  [
    4,
    [
      { id: 1, box: [12, 22, 30, 40], score: 0.7, lost: false },
      { id: 2, box: [98, 51, 20, 20], score: 0.125, lost: true }
    ]
  ]
]

const resultsOf = (box: unknown) =>
  ({
    job: { id: 'track-000000000000000000000000', task: 'track', clip: { key: 'track/a & b.mp4' } },
    options: completeOptions(task, { box }),
    clip: { video: { width: 320, height: 240, frames: 6, timeBase: { num: 1, den: 4 } } },
    frames: () => rows.map(([index, targets]) => ({ index, pts: index, row: { frame: index, targets } }))
  }) as unknown as Results

const text = async (name: string, results = resultsOf(boxes)) => {
  const chunks: string[] = []
  const output = task.outputs(results.options).find(output => output.name === name)!
  for await (const chunk of output.write(results)) chunks.push(chunk)
  return chunks.join('')
}

describe('results of track', () => {
  it('LaSOT: a line a frame, whole pixels cut off; zeros where there is no box', async () => {
    expect(await text('lasot-1.txt')).toBe(
      '0,0,0,0\n10,20,30,40\n-2,21,31,41\n0,0,0,0\n12,22,30,40\n0,0,0,0\n'
    )
  })

  it('GOT-10k: the same with three decimals', async () => {
    expect(await text('got10k-2.txt')).toBe(
      '0.000,0.000,0.000,0.000\n100.000,50.000,20.000,20.000\n99.500,50.500,20.000,20.000\n' +
        '0.000,0.000,0.000,0.000\n98.000,51.000,20.000,20.000\n0.000,0.000,0.000,0.000\n'
    )
  })

  it('one target needs no number in the names', () => {
    const names = task.outputs(resultsOf(boxes[0]).options).map(({ name }) => name)
    expect(names).toEqual(['track.json', 'track.csv', 'track.cvat.xml', 'lasot.txt', 'got10k.txt'])
  })

  it('JSON: a frame a line, with what was given and what is lost', async () => {
    const json = JSON.parse(await text('track.json')) as { rows: unknown[] }
    expect(json).toMatchObject({ task: 'track', frames: 6, width: 320, timeBase: { num: 1, den: 4 } })
    expect(json.rows[2]).toEqual({
      frame: 2,
      pts: 2,
      seconds: 0.5,
      targets: [
        { id: 1, box: [-2.718, 21.5, 31, 41], score: 0.9123, lost: false },
        { id: 2, box: [99.5, 50.5, 20, 20], score: 0.8, lost: false }
      ]
    })
    expect(json.rows[1]).toMatchObject({ targets: [{ given: true }, { given: true }] })
  })

  it('CSV: a line a target', async () => {
    expect((await text('track.csv')).split('\n').slice(0, 4)).toEqual([
      'frame,seconds,target,x,y,width,height,score,lost',
      '1,0.25,1,10.25,20,30,40,1,0',
      '1,0.25,2,100,50,20,20,1,0',
      '2,0.5,1,-2.718,21.5,31,41,0.9123,0'
    ])
  })

  it('CVAT: a track a target; outside over gaps, behind the last box and while it is lost', async () => {
    const xml = await text('track.cvat.xml')
    expect(xml).toContain('<name>track/a &amp; b.mp4</name>')
    const tracks = xml.split('<track ').slice(1)
    const shown = tracks.map(track =>
      [...track.matchAll(/frame="(\d+)" keyframe="1" outside="([01])".*? xtl="([-\d.]+)"/g)].map(found =>
        found.slice(1).map(Number)
      )
    )
    expect(shown[0]).toEqual([
      [1, 0, 10.25],
      [2, 0, -2.72],
      [3, 1, -2.72],
      [4, 0, 12],
      [5, 1, 12]
    ])
    expect(shown[1].map(([frame, outside]) => [frame, outside])).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 1],
      [5, 1]
    ])
  })
})

describe('overlay of track', () => {
  it('draws each target with its way; one that is lost is grey and leaves no trail', () => {
    const shapesOf = task.overlay(resultsOf(boxes).options)!.open()
    const drawn = rows.map(([frame, targets]) => shapesOf({ frame, targets }))
    expect(drawn[0]).toEqual([])
    expect(drawn[2]).toMatchObject([
      { kind: 'path', points: [[25.25, 40], expect.anything()] },
      { kind: 'box', x: -2.71828, label: '1' },
      { kind: 'path' },
      { kind: 'box', label: '2' }
    ])
    expect(drawn[3][2]).toMatchObject({ kind: 'path', points: [expect.anything(), expect.anything()] })
    expect(drawn[3][3]).toMatchObject({ kind: 'box', label: '2 lost', colour: [150, 150, 150] })
  })
})

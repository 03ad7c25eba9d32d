import { describe, expect, it } from 'vitest'
import type { TrackRow } from '../../../events/rows.ts'
import type { Results } from '../../../tasks/define.ts'
import { completeOptions, taskNamed } from '../../../tasks/index.ts'

const task = taskNamed('track-many')

/** Two frames a quarter of a second apart, the second one late: time stamps count, not frame numbers. */
const rows: { pts: number; objects: TrackRow['objects'] }[] = [
  {
    pts: 1000,
    objects: [{ id: 1, box: [252.96, 218.72, 29.5567, 89.7671], score: 0.8789, class: 'person' }]
  },
  {
    pts: 1300,
    objects: [
      { id: 1, box: [253.04, 219, 30, 90], score: 0.5, class: 'person' },
      { id: 2, box: [-3.25, 10, 20, 60], score: 0.95, class: 'person' }
    ]
  },
  { pts: 1550, objects: [] }
]

const results = {
  job: { id: 'track-many-000000000000000000000000', task: 'track-many', clip: { key: 'clips/a, "b".mp4' } },
  options: completeOptions(task, {}),
  clip: { video: { width: 768, height: 576, frames: 3, timeBase: { num: 1, den: 1000 } } },
  frames: () => rows.map(({ pts, objects }, index) => ({ index, pts, row: { frame: index, objects } }))
} as unknown as Results

const text = async (name: string) => {
  const chunks: string[] = []
  for await (const chunk of task
    .outputs(results.options)
    .find(output => output.name === name)!
    .write(results))
    chunks.push(chunk)
  return chunks.join('')
}

describe('results of track-many', () => {
  it('MOTChallenge: frames from 1, boxes to a tenth, score to a hundredth', async () => {
    expect(await text('tracks.txt')).toBe(
      '1,1,253.0,218.7,29.6,89.8,0.88,-1,-1,-1\n' +
        '2,1,253.0,219.0,30.0,90.0,0.50,-1,-1,-1\n' +
        '2,2,-3.2,10.0,20.0,60.0,0.95,-1,-1,-1\n'
    )
  })

  it('JSON: frames from 0, exact time stamps with their time base, a frame a line', async () => {
    const json = await text('tracks.json')
    expect(JSON.parse(json)).toEqual({
      task: 'track-many',
      job: 'track-many-000000000000000000000000',
      clip: 'clips/a, "b".mp4',
      width: 768,
      height: 576,
      frames: 3,
      timeBase: { num: 1, den: 1000 },
      rows: [
        {
          frame: 0,
          pts: 1000,
          seconds: 1,
          objects: [{ id: 1, box: [252.96, 218.72, 29.557, 89.767], score: 0.8789, class: 'person' }]
        },
        {
          frame: 1,
          pts: 1300,
          seconds: 1.3,
          objects: [
            { id: 1, box: [253.04, 219, 30, 90], score: 0.5, class: 'person' },
            { id: 2, box: [-3.25, 10, 20, 60], score: 0.95, class: 'person' }
          ]
        },
        { frame: 2, pts: 1550, seconds: 1.55, objects: [] }
      ]
    })
    expect(json.trimEnd().split('\n')).toHaveLength(rows.length + 2)
  })

  it('CSV: a line an object', async () => {
    expect(await text('tracks.csv')).toBe(
      'frame,seconds,id,class,x,y,width,height,score\n' +
        '0,1,1,person,252.96,218.72,29.557,89.767,0.8789\n' +
        '1,1.3,1,person,253.04,219,30,90,0.5\n' +
        '1,1.3,2,person,-3.25,10,20,60,0.95\n'
    )
  })

  it('COCO: an image a frame, annotations with track ids that refer to them', async () => {
    const coco = JSON.parse(await text('tracks.coco.json')) as Record<string, Record<string, unknown>[]>
    expect(coco.videos).toEqual([{ id: 1, name: 'clips/a, "b".mp4', width: 768, height: 576 }])
    expect(coco.categories).toEqual([{ id: 1, name: 'person' }])
    expect(coco.images.map(({ id, frame_index }) => [id, frame_index])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2]
    ])
    expect(
      coco.annotations.map(({ id, image_id, track_id, bbox, area }) => ({
        id,
        image_id,
        track_id,
        bbox,
        area
      }))
    ).toEqual([
      { id: 1, image_id: 1, track_id: 1, bbox: [252.96, 218.72, 29.557, 89.767], area: 2653.219 },
      { id: 2, image_id: 2, track_id: 1, bbox: [253.04, 219, 30, 90], area: 2700 },
      { id: 3, image_id: 2, track_id: 2, bbox: [-3.25, 10, 20, 60], area: 1200 }
    ])
  })
})

describe('overlay of track-many', () => {
  it('draws a box with its id and the way of the feet, in a colour that stays with the id', () => {
    const shapesOf = task.overlay(completeOptions(task, {}))!.open()
    const [first, second] = rows.map(({ objects }, frame) => shapesOf({ frame, objects }))
    expect(first).toMatchObject([
      { kind: 'path', points: [[252.96 + 29.5567 / 2, 218.72 + 89.7671]] },
      { kind: 'box', x: 252.96, y: 218.72, width: 29.5567, height: 89.7671, label: '1' }
    ])
    expect(second).toHaveLength(4)
    expect(second[0]).toMatchObject({ kind: 'path', points: [expect.anything(), [253.04 + 15, 309]] })
    expect(second[1].colour).toEqual(first[1].colour)
    expect(second[3].colour).not.toEqual(first[1].colour)
  })

  it('is not drawn where nobody wants it', () => {
    expect(task.overlay(completeOptions(task, { overlay: false }))).toBeUndefined()
  })
})

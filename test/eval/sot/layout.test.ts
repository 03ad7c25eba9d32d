import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { findTruths, readSequence } from '../../../eval/sot/layout.ts'
import { boxes, tree } from './sequences.ts'

const four = boxes(4)
const names = async (data: string, split?: string) => (await findTruths(data, split)).map(({ name }) => name)

describe('sequences', () => {
  it.each([
    ['one sequence', { 'groundtruth.txt': four }, undefined, undefined],
    ['a folder of them', { 'b/groundtruth.txt': four, 'a/groundtruth.txt': four }, undefined, ['a', 'b']],
    [
      'LaSOT',
      { 'cat/cat-1/groundtruth.txt': four, 'ape/ape-2/groundtruth.txt': four },
      undefined,
      ['ape-2', 'cat-1']
    ],
    ['GOT-10k', { 'train/c/groundtruth.txt': four, 'val/a/groundtruth.txt': four }, undefined, ['a']],
    [
      'GOT-10k’s other split',
      { 'train/c/groundtruth.txt': four, 'val/a/groundtruth.txt': four },
      'train',
      ['c']
    ],
    ['TrackingNet', { 'TRAIN_0/anno/x_1.txt': four, 'TRAIN_1/anno/y.txt': four }, 'TRAIN_0', ['x_1']]
  ])('are found in %s', async (_, files, split, expected) => {
    const data = tree(files)
    expect(await names(data, split)).toEqual(expected ?? [path.basename(data)])
  })

  const lists = {
    'ape/ape-1/groundtruth.txt': four,
    'ape/ape-2/groundtruth.txt': four,
    'cat/cat-1/groundtruth.txt': four
  }
  it('are those that a list names, in its order', async () => {
    const data = tree({ ...lists, 'testing_set.txt': 'cat-1\r\nape-2\r\n' })
    expect(await names(data, 'testing_set')).toEqual(['cat-1', 'ape-2'])
    const got10k = tree({ 'val/a/groundtruth.txt': four, 'val/b/groundtruth.txt': four, 'val/list.txt': 'b' })
    expect(await names(got10k)).toEqual(['b'])
  })

  it.each([
    ['no such folder', 'sequences-missing', undefined, undefined],
    ['nothing in it', 'sequences-missing', { 'readme.txt': 'hello' }, undefined],
    ['no such split', 'sequences-missing', lists, 'test'],
    ['an empty list', 'sequences-missing', { ...lists, 'none.txt': '\n' }, 'none'],
    ['a list with a name too many', 'track-file-missing', { ...lists, 'all.txt': 'ape-1 ape-9' }, 'all']
  ])('are missed where there is %s', async (_, code, files, split) => {
    const data = files ? tree(files) : '/no/such'
    await expect(findTruths(data, split)).rejects.toMatchObject({
      code,
      next: expect.stringContaining('groundtruth.txt') as string
    })
  })
})

/** Reads the sequence a of these files, results and truth of which are four good rows unless told otherwise. */
const read = async (files: Record<string, string>) => {
  const data = tree({ 'a/groundtruth.txt': four, 'results/a.txt': four, ...files })
  const [place] = await findTruths(path.join(data, 'a'))
  return readSequence(place, path.join(data, 'results'))
}

describe('a sequence', () => {
  it('has a row for each frame and, where nothing is told, is seen in all of them', async () => {
    expect(await read({ 'results/a.txt': '1\t2\t3\t4\n'.repeat(4) })).toEqual({
      boxes: [0, 1, 2, 3].map(i => [100 + 3 * i, 50, 20, 10]),
      results: Array.from({ length: 4 }, () => [1, 2, 3, 4]),
      absent: [false, false, false, false],
      cover: [8, 8, 8, 8],
      size: undefined
    })
  })

  it('is absent where LaSOT’s flags say so, one or the other', async () => {
    const flags = { 'a/full_occlusion.txt': '0,1,0,0', 'a/out_of_view.txt': '0,0,0,1' }
    expect((await read(flags)).absent).toEqual([false, true, false, true])
  })

  it('has GOT-10k’s cover and size of pictures', async () => {
    expect(
      await read({
        'a/cover.label': '8\n0\n3\n8\n',
        'a/absence.label': '0\n1\n0\n0\n',
        'a/meta_info.ini': '[METAINFO]\nurl: x\nresolution: (1920, 1080)\n',
        'results/a.txt': 'of another kind',
        'results/a/a_001.txt': four
      })
    ).toMatchObject({
      absent: [false, true, false, false],
      cover: [8, 0, 3, 8],
      size: { width: 1920, height: 1080 }
    })
  })

  it('may have no numbers where the target is absent', async () => {
    const truth = four.split('\n').with(1, 'NaN,NaN,NaN,NaN').join('\n')
    const { boxes } = await read({ 'a/groundtruth.txt': truth, 'a/absence.label': '0\n1\n0\n0' })
    expect(boxes[1]).toEqual([0, 0, 0, 0])
  })

  it('has no more results than frames where LaSOT’s toolkit would cut them', async () => {
    const flags = { 'a/full_occlusion.txt': '0,0,0,0', 'a/out_of_view.txt': '0,0,0,0' }
    expect((await read({ ...flags, 'results/a.txt': boxes(6) })).results).toHaveLength(4)
  })

  const rows = (row: string) => ({ 'results/a.txt': four.split('\n').with(2, row).join('\n') })
  const truth = (row: string, at = 2) => ({ 'a/groundtruth.txt': four.split('\n').with(at, row).join('\n') })
  it.each([
    [
      'three columns',
      rows('1,2,3'),
      'track-rows-invalid',
      { line: 3, problem: 'there are 3 columns, not 4' }
    ],
    [
      'five columns',
      rows('1,2,3,4,0.9'),
      'track-rows-invalid',
      { line: 3, problem: 'there are 5 columns, not 4' }
    ],
    [
      'NaN in results',
      rows('1,NaN,3,4'),
      'track-rows-invalid',
      { line: 3, problem: 'column 2 is "NaN", not a number' }
    ],
    ['NaN in truth', truth('NaN,NaN,NaN,NaN'), 'track-rows-invalid', { line: 3 }],
    ['infinity', rows('1,2,inf,4'), 'track-rows-invalid', { line: 3 }],
    ['a heading', rows('x,y,w,h'), 'track-rows-invalid', { line: 3 }],
    ['a size below 0', rows('1,2,-3,4'), 'track-rows-invalid', { problem: 'the size -3 x 4 is below 0' }],
    ['no target in the first frame', truth('1,2,0,4', 0), 'track-rows-invalid', {}],
    [
      'a target that is absent in the first frame',
      { 'a/absence.label': '1 0 0 0' },
      'track-rows-invalid',
      {}
    ],
    ['the first frame only', { 'a/groundtruth.txt': boxes(1) }, 'track-rows-invalid', {}],
    ['empty truth', { 'a/groundtruth.txt': '\n' }, 'track-rows-invalid', { problem: 'it is empty' }],
    ['too few results', { 'results/a.txt': boxes(3) }, 'track-length-differs', { rows: 3, frames: 4 }],
    ['empty results', { 'results/a.txt': '' }, 'track-length-differs', { rows: 0 }],
    ['too many results', { 'results/a.txt': boxes(5) }, 'track-length-differs', { rows: 5 }],
    ['too few flags', { 'a/out_of_view.txt': '0,0,0' }, 'track-length-differs', { rows: 3, frames: 4 }],
    ['flags that are none', { 'a/out_of_view.txt': '0,0,yes,0' }, 'track-rows-invalid', { line: 1 }],
    ['no cover beside the size', { 'a/meta_info.ini': 'resolution: (9, 9)' }, 'track-file-missing', {}],
    ['no size beside the cover', { 'a/cover.label': '8 8 8 8' }, 'track-file-missing', {}],
    [
      'a size that is none',
      { 'a/cover.label': '8 8 8 8', 'a/meta_info.ini': 'resolution: (0, 9)' },
      'seqinfo-invalid',
      {}
    ],
    [
      'nothing to be seen behind the first frame',
      { 'a/cover.label': '8 0 0 0', 'a/meta_info.ini': 'resolution: (9, 9)' },
      'track-rows-invalid',
      {}
    ]
  ])('is refused with %s', async (_, files, code, details) => {
    await expect(read(files as Record<string, string>)).rejects.toMatchObject({ code, details })
  })

  it('is refused where there are no results', async () => {
    const data = tree({ 'a/groundtruth.txt': four })
    const [place] = await findTruths(data)
    await expect(readSequence(place, path.join(data, 'none'))).rejects.toMatchObject({
      code: 'track-file-missing',
      details: { file: path.join(data, 'none/a.txt'), what: 'results' },
      next: expect.stringContaining('<sequence>_001.txt') as string
    })
  })
})

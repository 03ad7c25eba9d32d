import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { findSequences } from '../../../eval/mot/layout.ts'
import { temporaryFolder } from '../../e2e/cli.ts'
import { describeShared, shared } from '../../shared.ts'

/** A folder with these files; what is called seqinfo.ini says 10 frames unless told otherwise. */
const tree = (files: Record<string, string>) => {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), text)
  }
  return folder
}
const sequence = (at: string, info = '[Sequence]\nseqLength=10\n') => ({
  [`${at}/seqinfo.ini`]: info,
  [`${at}/gt/gt.txt`]: '1,1,0,0,9,9,1,1,1'
})
const names = async (data: string, split?: string) =>
  (await findSequences(data, split)).map(({ name }) => name)

describe('sequences', () => {
  it('are one folder', async () => {
    const data = tree(sequence('walk'))
    expect(await findSequences(path.join(data, 'walk'))).toEqual([
      {
        name: 'walk',
        folder: path.join(data, 'walk'),
        truth: path.join(data, 'walk/gt/gt.txt'),
        length: 10
      }
    ])
  })

  it.each([
    ['a folder of them', ['b', 'a'], undefined],
    ['MOTChallenge’s train', ['train/b', 'train/a'], undefined],
    ['MOTChallenge’s train, asked for', ['train/b', 'train/a', 'val/c'], 'train'],
    ['SportsMOT’s val', ['dataset/train/c', 'dataset/val/a', 'dataset/val/b'], 'val'],
    ['SportsMOT’s train', ['dataset/train/a', 'dataset/train/b', 'dataset/val/c'], undefined]
  ])('are found in the layout of %s', async (_, folders, split) => {
    const data = tree(Object.assign({ 'readme.txt': '' }, ...folders.map(at => sequence(at))) as never)
    expect(await names(data, split)).toEqual(['a', 'b'])
  })

  it('are those that a list of the split names, in its order', async () => {
    const data = tree({
      ...sequence('dataset/val/a'),
      ...sequence('dataset/val/b'),
      ...sequence('dataset/val/c'),
      'splits_txt/val.txt': 'c\r\na\r\n'
    })
    expect(await names(data, 'val')).toEqual(['c', 'a'])
  })

  it('are missing where the list of the split is empty, and that is what is named', async () => {
    const data = tree({ ...sequence('dataset/val/a'), 'splits_txt/val.txt': 'name\n\n' })
    const looked = [path.join(data, 'splits_txt/val.txt')]
    await expect(names(data, 'val')).rejects.toMatchObject({
      code: 'sequences-missing',
      details: { data, looked }
    })
  })

  it.each(['[Sequence]\r\nname=x\r\nseqLength = 10\r\n', 'seqlength: 10'])(
    'have the length that %j says',
    async info => {
      expect((await findSequences(tree(sequence('a', info))))[0].length).toBe(10)
    }
  )

  it.each([
    ['nothing there', 'sequences-missing', { 'readme.txt': 'hello' }],
    ['a split without truth', 'sequences-missing', { 'train/a/img1/000001.jpg': '' }],
    ['no truth', 'track-file-missing', { 'a/seqinfo.ini': 'seqLength=3' }],
    ['no seqinfo.ini', 'track-file-missing', { 'a/gt/gt.txt': '1,1,0,0,9,9,1,1,1' }],
    ['no seqLength', 'seqinfo-invalid', sequence('a', '[Sequence]\nname=a')],
    ['a length of 0', 'seqinfo-invalid', sequence('a', 'seqLength=0')],
    ['a length of words', 'seqinfo-invalid', sequence('a', 'seqLength=ten')],
    ['a length beyond reason', 'seqinfo-invalid', sequence('a', 'seqLength=99999999999')],
    [
      'a list with a name too many',
      'track-file-missing',
      { ...sequence('train/a'), 'splits_txt/train.txt': 'a\nb' }
    ]
  ])('are refused with %s', async (_, code, files) => {
    await expect(findSequences(tree(files as Record<string, string>))).rejects.toMatchObject({ code })
  })

  it('are refused where there is no such folder or split', async () => {
    await expect(findSequences('/no/such/folder')).rejects.toMatchObject({ code: 'sequences-missing' })
    await expect(findSequences(tree(sequence('train/a')), 'test')).rejects.toMatchObject({
      code: 'sequences-missing'
    })
  })
})

describeShared('the sample', () => {
  it('is a sequence', async () => {
    expect(await findSequences(shared('media/mot/pets09-s2l1'))).toMatchObject([
      { name: 'pets09-s2l1', length: 795 }
    ])
  })
})

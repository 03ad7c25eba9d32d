import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { findTriplets, resultOf } from '../../../eval/vfi/layout.ts'
import { temporaryFolder } from '../../e2e/cli.ts'

/** A folder with empty files, or texts by their names. */
const folderWith = (files: readonly (string | [name: string, text: string])[]) => {
  const folder = temporaryFolder()
  for (const file of files) {
    const [name, text] = typeof file === 'string' ? [file, ''] : file
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(folder, name), text)
  }
  return folder
}

/** Paths within the folder. */
const found = async (folder: string, split?: string) =>
  (await findTriplets(folder, split)).map(({ name, ...files }) => [
    name,
    ...[files.first, files.truth, files.second].map(file => path.relative(folder, file))
  ])

describe('triplets', () => {
  it('of Vimeo90K are those of the test’s list', async () => {
    const folder = folderWith([
      ['tri_testlist.txt', '00001/0389\n00002/0010\n\n'],
      'sequences/00001/0001/im2.png'
    ])
    expect(await found(folder)).toEqual(
      ['00001/0389', '00002/0010'].map(name => [name, ...[1, 2, 3].map(i => `sequences/${name}/im${i}.png`)])
    )
  })

  it('of UCF101 and of any folders are in order of their numbers', async () => {
    const ucf = folderWith(['10/frame_01_gt.png', '9/frame_01_gt.png', 'notes/about.txt'])
    expect(await found(ucf)).toEqual(
      ['9', '10'].map(n => [n, `${n}/frame_00.png`, `${n}/frame_01_gt.png`, `${n}/frame_02.png`])
    )
    const one = folderWith(['im2.png'])
    expect(await found(one)).toEqual([[path.basename(one), 'im1.png', 'im2.png', 'im3.png']])
  })

  it('of SNU-FILM are those of a part, wherever the authors’ folders were', async () => {
    const line = [1, 3, 5].map(i => `data/SNU-FILM/test/GOPRO_test/a/00000${i}.png`).join(' ')
    const folder = folderWith([
      ['test-easy.txt', `${line}\n`],
      ['test-hard.txt', 'a b\n'],
      'test/GOPRO_test/a/000003.png'
    ])
    const within = [1, 3, 5].map(i => `test/GOPRO_test/a/00000${i}.png`)
    expect(await found(folder, 'easy')).toEqual([['test/GOPRO_test/a/000003', ...within]])
    for (const split of [undefined, 'medium'])
      await expect(findTriplets(folder, split)).rejects.toMatchObject({
        code: 'usage-wrong',
        message: expect.stringMatching(/--split, one of easy, hard$/) as string
      })
    await expect(findTriplets(folder, 'hard')).rejects.toMatchObject({
      code: 'triplets-missing',
      details: { problem: 'line 1 does not name three pictures' }
    })
  })

  it('of Middlebury are those with truth', async () => {
    const folder = folderWith(['other-gt-interp/Venus/frame10i11.png', 'other-data/Army/frame10.png'])
    expect(await found(folder)).toEqual([
      [
        'Venus',
        'other-data/Venus/frame10.png',
        'other-gt-interp/Venus/frame10i11.png',
        'other-data/Venus/frame11.png'
      ]
    ])
  })

  it('are missed in other folders', async () => {
    for (const folder of [temporaryFolder(), '/no/such'])
      await expect(findTriplets(folder)).rejects.toMatchObject({ code: 'triplets-missing' })
  })
})

it('results are called like triplets, or like the true pictures', async () => {
  const triplet = { name: '00001/0389', first: '', truth: '/vimeo/00001/0389/im2.png', second: '' }
  for (const name of ['00001/0389.png', '00001/0389/im2.png']) {
    const results = folderWith([name])
    expect(await resultOf(triplet, results)).toBe(path.join(results, name))
  }
  await expect(resultOf(triplet, temporaryFolder())).rejects.toMatchObject({ code: 'middle-missing' })
})

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseResults, parseTruth, readResults, readTruth } from '../../../eval/mot/text.ts'
import { temporaryFolder } from '../../e2e/cli.ts'

const truth = (text: string) => parseTruth(text, 'gt.txt', 3)
const results = (text: string) => parseResults(text, 'seq.txt', 3)
const good = '1,7,10,20,30,40,1,1,0.5'

describe('MOTChallenge text', () => {
  it('is read by frame, in any order', () => {
    expect(truth(`3,7,1.5,-2e1,30,40,0,8,1\n${good}\n`)).toEqual({
      file: 'gt.txt',
      columns: 9,
      frames: [
        [{ line: 2, id: 7, box: [10, 20, 30, 40], mark: 1, class: 1 }],
        [],
        [{ line: 1, id: 7, box: [1.5, -20, 30, 40], mark: 0, class: 8 }]
      ]
    })
  })

  it.each([
    ['spaces behind the commas', '1, 7, 10, 20, 30, 40, 1, 1, 0.5'],
    ['spaces alone', '1 7 10  20 30 40 1 1 0.5'],
    ['tabs', '1\t7\t10\t20\t30\t40\t1\t1\t0.5'],
    ['semicolons', '1;7;10;20;30;40;1;1;0.5'],
    ['empty fields at the end', `${good},,`],
    ['line ends of Windows', `${good}\r\n\r\n`],
    ['a byte order mark', `\uFEFF${good}`],
    ['integers with decimals', '1.0,7.0,10,20,30,40,1.0,1.0,0.5']
  ])('may have %s', (_, text) => {
    expect(truth(text).frames).toEqual(truth(good).frames)
  })

  it('of results needs no class', () => {
    expect(results('1,7,10,20,30,40,0.9').frames[0]).toMatchObject([{ id: 7, class: 1 }])
    expect(results('1,7,10,20,30,40,0.9,-1,-1,-1').frames[0]).toMatchObject([{ class: -1 }])
    expect(results('').frames).toEqual([[], [], []])
  })

  it.each([
    ['too few columns of truth', truth, '1,7,10,20,30,40,1', 'there are 7 columns'],
    ['too few columns of results', results, '1,7,10,20,30,40', 'there are 6 columns'],
    ['a heading', results, 'frame,id,x,y,w,h,score', 'column 1 is "frame", not a number'],
    ['no number', truth, '1,7,10,2O,30,40,1,1,1', 'column 4 is "2O"'],
    ['an empty field', truth, '1,7,,20,30,40,1,1,1', 'column 3 is ""'],
    ['nan', results, '1,7,nan,20,30,40,1', 'column 3 is "nan"'],
    ['inf', results, '1,7,10,20,inf,40,1', 'column 5 is "inf"'],
    ['hexadecimal', results, '1,7,0x10,20,30,40,1', 'column 3 is "0x10"'],
    ['a box beyond all pictures', results, '1,7,1e300,20,30,40,1', 'column 3 is "1e300"'],
    ['decimal commas', results, '1;7;10,5;20;30;40;1', 'column 3 is "10,5"'],
    ['something else', results, 'PK\u0003\u0004\u0000\u0000rubbish', 'there are 1 columns'],
    ['a frame 0', results, '0,7,10,20,30,40,1', 'frame 0 is outside the sequence, which has frames 1 to 3'],
    ['a frame beyond the end', truth, '4,7,10,20,30,40,1,1,1', 'frame 4 is outside'],
    ['a frame of too many digits', truth, '1e9,7,10,20,30,40,1,1,1', 'frame 1000000000 is outside'],
    ['an id below 0', results, '1,-1,10,20,30,40,1', 'the id -1 is below 0'],
    ['a class that is not measured', results, '1,7,10,20,30,40,1,3', 'column 8 is the class 3'],
    ['the same id twice', truth, `${good}\n${good}`, 'frame 1 has the id 7 in line'],
    ['the same id twice in results', results, '1,7,1,1,9,9,1\n1,7.5,3,3,9,9,1', 'frame 1 has the id 7']
  ])('is refused with %s, by file and line', (_, parse, text, problem) => {
    const lines = text.split('\n').length
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'track-rows-invalid',
        details: {
          file: parse === truth ? 'gt.txt' : 'seq.txt',
          line: lines,
          problem: expect.stringContaining(problem) as string
        }
      })
    )
  })
})

describe('files of it', () => {
  const file = (text: string) => {
    const made = path.join(temporaryFolder(), 'seq.txt')
    writeFileSync(made, text)
    return made
  }

  it('may be empty as results, not as truth', async () => {
    expect((await readResults(file(''), 2)).frames).toEqual([[], []])
    await expect(readTruth(file('\n'), 2)).rejects.toMatchObject({
      code: 'track-rows-invalid',
      details: { problem: 'it is empty' }
    })
  })

  it.each(['none.txt', '.', 'none/none.txt'])('are missed where there is none: %s', async name => {
    await expect(readResults(path.join(temporaryFolder(), name), 2)).rejects.toMatchObject({
      code: 'track-file-missing',
      details: { what: 'results' }
    })
  })
})

import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { street, temporaryFolder } from '../e2e/cli.ts'
import { range, text, walk } from '../eval/mot/rows.ts'
import { boxes, tree } from '../eval/sot/sequences.ts'
import { evaluate } from './evaluate.ts'

const all = range(1, 10)

/** A data set of two sequences of ten frames, and results that lack a person in the second. */
const dataSet = () => {
  const folder = temporaryFolder()
  const truth = [...walk(1, 0, 0, all), ...walk(2, 0, 100, all)]
  const found = { a: truth, b: walk(9, 0, 0, all) }
  mkdirSync(path.join(folder, 'results'))
  for (const name of ['a', 'b'] as const) {
    const sequence = path.join(folder, 'data/train', name)
    mkdirSync(path.join(sequence, 'gt'), { recursive: true })
    writeFileSync(path.join(sequence, 'gt/gt.txt'), text(truth, 1, 1, 1))
    writeFileSync(path.join(sequence, 'seqinfo.ini'), '[Sequence]\nseqLength=10\n')
    writeFileSync(path.join(folder, 'results', `${name}.txt`), text(found[name], 0.9, -1, -1, -1))
  }
  return {
    sequence: (name: string) => path.join(folder, 'data/train', name),
    data: path.join(folder, 'data'),
    results: path.join(folder, 'results')
  }
}

describe('clipmill eval track-many', () => {
  it('takes truth with ten columns for that of MOT15, where the eighth is no class', async () => {
    const { sequence, data, results } = dataSet()
    for (const name of ['a', 'b'])
      writeFileSync(path.join(sequence(name), 'gt/gt.txt'), text(walk(1, 0, 0, all), 1, -4.2, -7.4, 0))
    const scored = async (...rules: string[]) =>
      JSON.parse(await evaluate('track-many', '--data', data, '--results', results, '--json', ...rules)) as {
        benchmark: string
      }
    const chosen = await scored()
    expect(chosen.benchmark).toBe('MOT15')
    expect(chosen).toEqual(await scored('--benchmark', 'MOT15'))
  })

  it('measures results, by sequence and together', async () => {
    const { data, results } = dataSet()
    const [head, a, b, combined] = (await evaluate('track-many', '--data', data, '--results', results))
      .split('\n')
      .map(line => line.split(/ +/))
    const column = (row: string[], name: string) => row[head.indexOf(name)]
    expect(['MOTA', 'IDF1', 'FN', 'IDs'].map(name => column(a, name))).toEqual(['100', '100', '0', '0'])
    expect(['MOTA', 'IDF1', 'FN', 'IDs'].map(name => column(b, name))).toEqual(['50', '66.667', '10', '0'])
    expect(combined[0]).toBe('COMBINED')
    expect(['MOTA', 'IDF1', 'FN', 'IDs'].map(name => column(combined, name))).toEqual([
      '75',
      '85.714',
      '10',
      '0'
    ])
  })

  it('gives all fields as JSON', async () => {
    const { sequence, results } = dataSet()
    const args = ['--data', sequence('b'), '--results', results, '--benchmark', 'MOT20', '--json']
    expect(JSON.parse(await evaluate('track-many', ...args))).toMatchObject({
      benchmark: 'MOT20',
      preprocess: true,
      sequences: { b: { CLEAR: { CLR_FN: 10, PT: 0, ML: 1 }, Identity: { IDTP: 10 } } },
      combined: { Count: { Dets: 10, GT_Dets: 20, Frames: 10 }, CLEAR: { CLR_TP: 10 } }
    })
  })

  it('knows the rules of benchmarks', async () => {
    const { sequence, results } = dataSet()
    const [one, other] = [walk(1, 0, 0, all), walk(2, 0, 100, all)]
    writeFileSync(path.join(sequence('a'), 'gt/gt.txt'), `${text(one, 1, 1, 1)}\n${text(other, 1, 8, 1)}`)
    const boxes = async (...args: string[]) =>
      (
        JSON.parse(
          await evaluate('track-many', '--data', sequence('a'), '--results', results, '--json', ...args)
        ) as { combined: { Count: { Dets: number } } }
      ).combined.Count.Dets
    expect(await boxes()).toBe(10)
    expect(await boxes('--no-preprocess')).toBe(20)
    expect(await boxes('--benchmark', 'MOT15')).toBe(20)
  })

  it.each([
    ['results that are not there', 'track-file-missing', ['--results', '/no/such/folder']],
    ['options that change nothing', 'usage-wrong', ['--results', '.', '--min-score', '0.5']],
    ['a split that is not there', 'sequences-missing', ['--results', '.', '--split', 'test']],
    ['another benchmark', 'commander.invalidArgument', ['--benchmark', 'MOT99']],
    ['neither clips nor results', 'sequence-without-clip', []]
  ])('refuses %s', async (_, code, args) => {
    const { data } = dataSet()
    await expect(evaluate('track-many', '--data', data, ...args)).rejects.toMatchObject({ code })
  })

  it.each([
    ['no data', 'commander.missingMandatoryOptionValue', ['track-many']],
    ['another task', 'task-unknown', ['track-nobody']]
  ])('refuses %s', async (_, code, args) => {
    await expect(evaluate(...args)).rejects.toMatchObject({ code })
  })

  it('says of a folder that is not there just that', async () => {
    await expect(evaluate('track-many', '--data', '/no/such')).rejects.toThrow('there is no folder /no/such')
  })

  it('refuses a clip that has not the frames of its truth, before it runs anything', async () => {
    const { sequence } = dataSet()
    copyFileSync(street, path.join(sequence('a'), 'clip.mp4'))
    await expect(evaluate('track-many', '--data', sequence('a'))).rejects.toMatchObject({
      code: 'sequence-clip-differs',
      details: { length: 10 }
    })
  })

  it('runs the task over the clip where there are no results, and leaves nothing behind', async () => {
    const home = temporaryFolder()
    vi.stubEnv('CLIPMILL_HOME', home)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { sequence } = dataSet()
    copyFileSync(street, path.join(sequence('a'), 'clip.mp4'))
    writeFileSync(path.join(sequence('a'), 'seqinfo.ini'), '[Sequence]\nseqLength=120\n')
    const args = ['--data', sequence('a'), '--detector-size', '320', '--json']
    const { sequences } = JSON.parse(await evaluate('track-many', ...args)) as {
      sequences: { a: { Count: { Dets: number; Frames: number } } }
    }
    expect(sequences.a.Count.Frames).toBe(120)
    expect(sequences.a.Count.Dets).toBeGreaterThan(120)
    expect(readdirSync(path.join(home, 'runs'))).toEqual([])
  }, 180_000)

  it('does not guess which of two videos is the clip', async () => {
    const { sequence } = dataSet()
    for (const name of ['one.mp4', 'two.mp4']) copyFileSync(street, path.join(sequence('a'), name))
    await expect(evaluate('track-many', '--data', sequence('a'))).rejects.toMatchObject({
      code: 'sequence-without-clip',
      details: { videos: 2 }
    })
  })
})

describe('clipmill eval track', () => {
  const folders = () => {
    const folder = tree({
      'data/a/groundtruth.txt': boxes(10),
      'data/b/groundtruth.txt': boxes(10),
      'results/a.txt': boxes(10),
      'results/b.txt': boxes(10, 10)
    })
    return ['--data', path.join(folder, 'data'), '--results', path.join(folder, 'results')]
  }

  it('measures boxes, by sequence and together', async () => {
    // In b, all but the first frame have an IoU of 10 / 30 and centres 10 px, half a width, apart.
    expect((await evaluate('track', ...folders())).trimEnd().split('\n')).toEqual([
      '             AUC    P  Pnorm  OP50  OP75      AO  SR50  SR75',
      'a         95.238  100    100   100   100     100   100   100',
      'b         39.524  100     10    10    10  33.333     0     0',
      'COMBINED  67.381  100     55    55    55  66.667    50    50'
    ])
  })

  it('gives the figures and curves of each tool as JSON', async () => {
    expect(JSON.parse(await evaluate('track', ...folders(), '--json'))).toMatchObject({
      sequences: { a: { lasot: { precision_at_20: 1 } }, b: { trackingnet: { precision_at_20px: 100 } } },
      combined: { pytracking: { precision: 100 }, got10k: { sr50: 0.5 } }
    })
  })

  it.each([
    ['neither results nor pictures', 'sequence-pictures-differ', []],
    ['results that are not there', 'track-file-missing', ['--results', '/no/such/folder']],
    ['a split that is not there', 'sequences-missing', ['--results', '.', '--split', 'test']]
  ])('refuses %s', async (_, code, args) => {
    const [, data] = folders()
    await expect(evaluate('track', '--data', data, ...args)).rejects.toMatchObject({ code })
  })
})

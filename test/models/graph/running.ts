import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { writeModel, type Graph, type TensorData, type Values } from '../../../models/graph/index.ts'
import { runOnnx } from '../../golden.ts'

/** A folder that goes when the tests of the file are over. */
export const temporaryFolder = () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'clipmill-graph-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  return dir
}

export const noValues: Values = {
  read: name => {
    throw new Error(`there is no value for ${name}`)
  }
}

/** Runs a graph in the runtime, in a folder of its own. */
export const runIn =
  (parent: string) => async (graph: Graph, values: Values, feeds: Readonly<Record<string, TensorData>>) => {
    const dir = mkdtempSync(path.join(parent, 'model-'))
    await writeModel(graph, values, dir)
    return runOnnx(dir, feeds)
  }

/** A size's value, by its text: the names of its symbols and numbers are given. */
export const valueOfDim = (text: string, symbols: Readonly<Record<string, number>>): number => {
  const names = Object.keys(symbols)
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  return new Function('floor', 'min', ...names, `return ${text}`)(
    Math.floor,
    Math.min,
    ...names.map(name => symbols[name])
  ) as number
}

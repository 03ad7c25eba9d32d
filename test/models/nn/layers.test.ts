import { describe, expect, test } from 'vitest'
import { fill1, input1 } from '../../../models/golden/index.ts'
import { build, dim, type Scope, type Tensor } from '../../../models/graph/index.ts'
import { attention, layerNorm, mlp, upsampleNearest } from '../../../models/nn/index.ts'
import { runIn, temporaryFolder } from '../graph/running.ts'

type Rows = number[][]
const rowsOf = (data: ArrayLike<number>, columns: number): Rows =>
  Array.from({ length: data.length / columns }, (_, i) =>
    Array.from({ length: columns }, (_unused, j) => data[i * columns + j])
  )
const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)
const dot = (a: number[], b: number[]) => sum(a.map((v, i) => v * b[i]))

/** x times the normal distribution's integral up to x, by its power series. */
const gelu = (x: number) => {
  let [term, integral] = [x, x]
  for (let k = 1; k < 60; k++) {
    term *= -(x * x) / (2 * k)
    integral += term / (2 * k + 1)
  }
  return x * (0.5 + integral / Math.sqrt(2 * Math.PI))
}

describe('layers', () => {
  const run = runIn(temporaryFolder())
  const [n, c, heads] = [5, 8, 2]

  /** The output of a layer for [1, 5, 8], as rows, and access to its parameters as rows. */
  const layer = async (network: (s: Scope, x: Tensor) => Tensor) => {
    const graph = build(s => ({ y: network(s, s.input('x', 'float32', [1, dim('n'), c])) }))
    const values = fill1(graph.parameters)
    const x = input1('x', [1, n, c])
    const { y } = await run(graph, values, { x })
    const read = (name: string) => {
      const { data, shape } = values.read(name)
      return rowsOf(data as Float32Array, shape.at(-1)!)
    }
    return {
      names: graph.parameters.map(p => p.name),
      read,
      x: rowsOf(x.data as Float32Array, c),
      y: rowsOf(y.data as Float32Array, c)
    }
  }
  const expectClose = (ours: Rows, expected: Rows) => {
    const [a, b] = [ours.flat(), expected.flat()]
    expect(a.length).toBe(b.length)
    expect(Math.max(...a.map((v, i) => Math.abs(v - b[i])))).toBeLessThan(1e-5)
  }

  test('attention, head by head', async () => {
    const { names, read, x, y } = await layer((s, t) => attention(s, t, heads))
    expect(names).toEqual(['qkv.weight', 'qkv.bias', 'proj.weight', 'proj.bias'])
    const linear = (name: string, rows: Rows) =>
      rows.map(row => read(`${name}.weight`).map((w, j) => dot(row, w) + read(`${name}.bias`)[0][j]))
    const qkv = linear('qkv', x)
    const d = c / heads
    const joined = qkv.map(row =>
      Array.from({ length: heads }, (_, head) => {
        const part = (r: number[], which: number) => r.slice(which * c + head * d, which * c + (head + 1) * d)
        const weights = qkv.map(other => Math.exp(dot(part(row, 0), part(other, 1)) / Math.sqrt(d)))
        return part(row, 0).map(
          (_q, j) =>
            dot(
              weights,
              qkv.map(other => part(other, 2)[j])
            ) / sum(weights)
        )
      }).flat()
    )
    expectClose(y, linear('proj', joined))
  })

  test('layerNorm over the last axis', async () => {
    const { read, x, y } = await layer((s, t) => layerNorm(s, t, { eps: 1e-6 }))
    const expected = x.map(row => {
      const mean = sum(row) / c
      const deviation = Math.sqrt(sum(row.map(v => (v - mean) ** 2)) / c + 1e-6)
      return row.map((v, j) => ((v - mean) / deviation) * read('weight')[0][j] + read('bias')[0][j])
    })
    expectClose(y, expected)
  })

  test('mlp', async () => {
    const { names, read, x, y } = await layer((s, t) => mlp(s, t, 16))
    expect(names).toEqual(['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias'])
    const linear = (name: string, row: number[]) =>
      read(`${name}.weight`).map((w, j) => dot(row, w) + read(`${name}.bias`)[0][j])
    expectClose(
      y,
      x.map(row => linear('fc2', linear('fc1', row).map(gelu)))
    )
  })

  test('upsampleNearest repeats pixels', async () => {
    const graph = build(s => ({ y: upsampleNearest(s.input('x', 'float32', [1, 1, 2, dim('w')]), 2) }))
    const x = { dtype: 'float32', shape: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) } as const
    const { y } = await run(graph, fill1([]), { x })
    expect([...y.data]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4])
  })
})

/**
 * The transformer of MixFormerV2 and MixViT (specification, section 3). M tokens of the two templates, N of all that
 * goes through a block, 768 channels, 12 heads of 64. The batch is one clip.
 */
import { ops, toEnd, type Scope, type Tensor } from '../graph/index.ts'
import { layerNorm, linear } from '../nn/index.ts'

const { concat, conv, gelu, matMul, slice, softmax, split } = ops

export const width = 768
export const heads = 12
export const headWidth = width / heads
export const patch = 16

/** Not torch's default. */
const eps = 1e-6

/** Tensors on the way, by the names that the golden files have for them. */
export class Stages extends Map<string, Tensor> {
  note(name: string, tensor: Tensor) {
    this.set(name, tensor)
    return tensor
  }
}

/** Patches in a crop of this side, cut into squares of 16 pixels. */
export const tokensOf = (side: number) => (side / patch) ** 2

interface Crops {
  /** None or two, [1, 3, S, S]. */
  templates: readonly Tensor[]
  search?: Tensor
}

/** Crops to their tokens with positions, [1, tokens, 768] each, row by row; one embedding for all: section 3.1. */
export const embed = (s: Scope, { templates, search }: Crops, stages: Stages): Tensor[] => {
  const embedding = s.at('patch_embed')
  const proj = embedding.at('proj')
  const weight = proj.param('weight', [width, 3, patch, patch])
  const bias = proj.param('bias', [width])
  const patches = [...templates, ...(search ? [search] : [])].map((crop, i) => {
    const cells = conv(crop, weight, bias, { strides: [patch, patch] })
    return stages.note(
      `${embedding.path}#${i}`,
      cells.reshape([1, width, tokensOf(crop.shape[2] as number)]).transpose([0, 2, 1])
    )
  })
  const place = (tokens: readonly Tensor[], name: string) => {
    if (tokens.length === 0) return []
    const positions = s.param(name, tokens[0].shape as readonly number[])
    return tokens.map(t => t.add(positions))
  }
  return [
    ...place(patches.slice(0, templates.length), 'pos_embed_t'),
    ...place(patches.slice(templates.length), 'pos_embed_s')
  ]
}

/** [1, 12, N, 64] each. */
interface KeysValues {
  keys: Tensor
  values: Tensor
}

/** Queries and what they find: [1, 12, N, 64]. */
export const attend = (queries: Tensor, { keys, values }: KeysValues): Tensor =>
  // The scale is a power of two: before the product or after it, the bits are the same.
  softmax(queries.mul(headWidth ** -0.5).matMul(keys.transpose([0, 1, 3, 2]))).matMul(values)

/** The last `count` tokens of [1, N, C]. */
export const lastTokens = (x: Tensor, count: number) =>
  count === x.shape[1] ? x : slice(x, [-count], [toEnd], [1])

/** What the queries of block `i` see of its keys and values. */
type Look = (queries: Tensor, keysValues: KeysValues, i: number) => Tensor

interface Blocks {
  depth: number
  hidden: number
  look: Look
  /** How many tokens, from the end, are read of the last block: it computes no others. All unless given. */
  wanted?: number | undefined
  stages: Stages
}

/** All blocks in a row: tokens [1, N, 768] -> [1, wanted, 768], and the keys and values that each block has of x. */
export const blocks = (s: Scope, x: Tensor, { depth, hidden, look, wanted, stages }: Blocks) => {
  const keysValues: KeysValues[] = []
  for (let i = 0; i < depth; i++) {
    const all = x.shape[1] as number
    const result = block(s.at('blocks').at(i), x, {
      hidden,
      count: i === depth - 1 ? (wanted ?? all) : all,
      look: (q, kv) => look(q, kv, i),
      stages
    })
    x = result.x
    keysValues.push(result.keysValues)
  }
  return { x, keysValues }
}

interface Block {
  hidden: number
  /** Tokens, from the end, that are computed; all can be attended to. */
  count: number
  look: (queries: Tensor, keysValues: KeysValues) => Tensor
  stages: Stages
}

/** Pre-norm: section 3.2. */
const block = (s: Scope, x: Tensor, { hidden, count, look, stages }: Block) => {
  const note = (name: string, tensor: Tensor) => stages.note(s.at(name).path, tensor)
  const n = x.shape[1] as number
  const attention = s.at('attn')
  const normed = note('norm1', layerNorm(s.at('norm1'), x, { eps }))

  // One layer for queries, keys and values, taken apart, since not all tokens need all of it.
  const qkv = attention.at('qkv')
  const weight = qkv.param('weight', [3 * width, width])
  const bias = qkv.param('bias', [3 * width])
  const third = (i: number, t: Tensor) => {
    const rows = (parameter: Tensor) => slice(parameter, [i * width], [(i + 1) * width], [0])
    return matMul(t, rows(weight).transpose([1, 0])).add(rows(bias))
  }
  const [q, k, v] = [third(0, lastTokens(normed, count)), third(1, normed), third(2, normed)] as const
  if (count === n) note('attn.qkv', concat([q, k, v], { axis: 2 }))
  const byHead = (t: Tensor) => t.reshape([1, t.shape[1], heads, headWidth]).transpose([0, 2, 1, 3])
  const keysValues = { keys: byHead(k), values: byHead(v) }

  const found = look(byHead(q), keysValues).transpose([0, 2, 1, 3]).reshape([1, count, width])
  const y = lastTokens(x, count).add(note('attn', linear(attention.at('proj'), found, width)))
  const mlp = s.at('mlp')
  const inner = linear(mlp.at('fc1'), note('norm2', layerNorm(s.at('norm2'), y, { eps })), hidden)
  const change = linear(mlp.at('fc2'), gelu(note('mlp.fc1', inner)), width)
  return { x: stages.note(s.path, y.add(note('mlp', change))), keysValues }
}

/** Templates in front see each other only; the `others` behind them, and a part of these, see all. */
export const mixed =
  (others: number): Look =>
  (queries, { keys, values }) => {
    const m = (keys.shape[2] as number) - others
    if ((queries.shape[2] as number) <= others) return attend(queries, { keys, values })
    const [inFront, behind] = split(queries, [m, others], { axis: 2 }) as [Tensor, Tensor]
    const templates = (t: Tensor) => slice(t, [0], [m], [2])
    return concat(
      [
        attend(inFront, { keys: templates(keys), values: templates(values) }),
        attend(behind, { keys, values })
      ],
      { axis: 2 }
    )
  }

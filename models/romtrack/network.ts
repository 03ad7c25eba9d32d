/**
 * ROMTrack, arXiv 2308.05140: one transformer over the tokens of a template and of a search picture. C channels, T
 * tokens of the template, S of the search, g x g cells of the search, D depth, H heads. The batch is one clip.
 * Section numbers are those of the specification.
 *
 * Two graphs: what follows from the template alone is computed once per clip, the rest in each frame.
 */
import { build, ops, type Graph, type Scope, type Tensor } from '../graph/index.ts'
import type { Parameter } from '../graph/graph.ts'
import { batchNorm, conv2d, layerNorm, linear, mlp } from '../nn/index.ts'
import type { RomtrackScale } from './variants.ts'

const { clip, concat, relu, sigmoid, slice, softmax, split } = ops

const patch = 16
const headWidth = 64
const eps = 1e-6

/** Channels of the head's hidden layers. */
const headChannels = [256, 128, 64, 32]

/** Tensors on the way, by the names that the golden files have for them. */
type Stages = Map<string, Tensor>

/** What follows from a size: counts of tokens, heads and cells. */
export const sizesOf = ({ template, search, width, depth }: RomtrackScale) => ({
  c: width,
  heads: width / headWidth,
  depth,
  grid: search / patch,
  templateTokens: (template / patch) ** 2,
  searchTokens: (search / patch) ** 2,
  /** Of keys and values of the template's tokens in all blocks. */
  cacheShape: [depth, 2, width / headWidth, (template / patch) ** 2, headWidth]
})

/** [1, 3, h, w] -> [1, tokens, C], row by row; the embedding serves the template and the search. */
const embed = (s: Scope, picture: Tensor, c: number) => {
  const cells = conv2d(s.at('proj'), picture, c, { kernel: patch, stride: patch, padding: 0 })
  return cells.reshape([1, c, -1]).transpose([0, 2, 1])
}

/** Keys and values, [1, H, tokens, 64] each. */
type KeysValues = readonly [keys: Tensor, values: Tensor]

interface BlockResult {
  x: Tensor
  /** Those of x itself. */
  own: KeysValues
}

/**
 * A pre-norm block: [1, N, C] -> [1, N - first, C].
 * @param remembered keys and values of other tokens that can be attended to
 * @param first the first token that is wanted of the result; all can be attended to
 */
const block = (
  s: Scope,
  x: Tensor,
  { remembered = [], first = 0, stages }: { remembered?: KeysValues[]; first?: number; stages: Stages }
): BlockResult => {
  const [, n, c] = x.shape as [number, number, number]
  const heads = c / headWidth
  const note = (name: string, tensor: Tensor) => {
    stages.set(s.at(name).path, tensor)
    return tensor
  }
  const wanted = (tokens: Tensor) => (first ? slice(tokens, [first], [n], [1]) : tokens)
  const h = note('norm1', layerNorm(s.at('norm1'), x, { eps }))

  // One layer for queries, keys and values, taken apart: its parts go different ways.
  const qkv = s.at('attn').at('qkv')
  const [weight, bias] = [qkv.param('weight', [3 * c, c]), qkv.param('bias', [3 * c])]
  const third = (tokens: Tensor, i: number) => {
    const rows = (parameter: Tensor) => slice(parameter, [i * c], [(i + 1) * c], [0])
    return tokens.matMul(rows(weight).transpose([1, 0])).add(rows(bias))
  }
  const thirds = [third(wanted(h), 0), third(h, 1), third(h, 2)]
  if (!first) note('attn.qkv', concat(thirds, { axis: 2 }))
  const [q, ...own] = thirds.map(t =>
    t.reshape([1, t.shape[1], heads, headWidth]).transpose([0, 2, 1, 3])
  ) as [Tensor, Tensor, Tensor]
  const [k, v] = own.map((t, i) => concat([t, ...remembered.map(other => other[i])], { axis: 2 })) as [
    Tensor,
    Tensor
  ]
  const scores = q.mul(headWidth ** -0.5).matMul(k.transpose([0, 1, 3, 2])) // [1, H, N - first, keys]
  const y = softmax(scores)
    .matMul(v)
    .transpose([0, 2, 1, 3])
    .reshape([1, n - first, c])
  const attended = wanted(x).add(note('attn.proj', linear(s.at('attn').at('proj'), y, c)))
  const h2 = note('norm2', layerNorm(s.at('norm2'), attended, { eps }))
  return { x: attended.add(note('mlp', mlp(s.at('mlp'), h2, 4 * c))), own }
}

/** Keys and values of all blocks as one tensor [D, 2, H, T, 64]. */
const gather = (perBlock: readonly KeysValues[]) => {
  const [, heads, tokens] = perBlock[0][0].shape as [number, number, number]
  return concat(perBlock.flat(), { axis: 0 }).reshape([perBlock.length, 2, heads, tokens, headWidth])
}

/** The same taken apart. */
const perBlock = (cache: Tensor): KeysValues[] => {
  const [depth, , heads, tokens] = cache.shape as [number, number, number, number]
  const parts = split(cache.reshape([2 * depth, heads, tokens, headWidth]), undefined, {
    num_outputs: 2 * depth
  })
  return Array.from({ length: depth }, (_, i) => [parts[2 * i], parts[2 * i + 1]])
}

/** One of the head's three branches: [1, C, g, g] -> [1, out, g, g]. */
const branch = (s: Scope, x: Tensor, name: string, out: number, stages: Stages) => {
  for (const [i, channels] of headChannels.entries()) {
    const layer = s.at(`conv${i + 1}_${name}`)
    x = relu(batchNorm(layer.at(1), conv2d(layer.at(0), x, channels, { kernel: 3 })))
    stages.set(layer.path, x)
  }
  const last = s.at(`conv5_${name}`)
  const y = conv2d(last, x, out, { kernel: 1 })
  stages.set(last.path, y)
  return y
}

/** What is computed once per clip: section 3.2. */
const once = (s: Scope, scale: RomtrackScale) => {
  const { c, depth, templateTokens } = sizesOf(scale)
  const stages: Stages = new Map()
  const encoder = s.at('encoder')
  const picture = s.input('template', 'float32', [1, 3, scale.template, scale.template])
  const patches = embed(encoder.at('patch_embed_t'), picture, c)
  stages.set('encoder.patch_embed_t', patches)
  const tokens = patches.add(encoder.param('pos_embed_t', [1, templateTokens, c]))
  const inherent: KeysValues[] = []
  let x = tokens
  for (let i = 0; i < depth; i++) {
    const result = block(encoder.at('blocks').at(i), x, { stages })
    x = result.x
    stages.set(`blocks.${i}`, x)
    inherent.push(result.own)
  }
  stages.set('encoder.norm', layerNorm(encoder.at('norm'), x, { eps }))
  return { outputs: { template_tokens: tokens, inherent: gather(inherent) }, stages }
}

/** What is computed in each frame: sections 3.3 and 3.5. */
const each = (s: Scope, scale: RomtrackScale, whole: boolean) => {
  const { c, depth, grid, templateTokens, searchTokens, cacheShape } = sizesOf(scale)
  const stages: Stages = new Map()
  const encoder = s.at('encoder')
  const template = s.input('template_tokens', 'float32', [1, templateTokens, c])
  const picture = s.input('search', 'float32', [1, 3, scale.search, scale.search])
  const inherent = perBlock(s.input('inherent', 'float32', cacheShape))
  const variation = perBlock(s.input('variation', 'float32', cacheShape))

  const patches = embed(encoder.at('patch_embed_t'), picture, c)
  stages.set('encoder.patch_embed_t#1', patches)
  const search = patches.add(encoder.param('pos_embed_s', [1, searchTokens, c]))
  const next: KeysValues[] = []
  let x = concat([template, search], { axis: 1 })
  for (let i = 0; i < depth; i++) {
    // Of the last block only the search's tokens are wanted.
    const first = i === depth - 1 && !whole ? templateTokens : 0
    const remembered = [inherent[i], variation[i]]
    const result = block(encoder.at('blocks').at(i), x, { remembered, first, stages })
    x = result.x
    stages.set(`blocks.${i}`, x)
    const [keys, values] = result.own.map(t => slice(t, [0], [templateTokens], [2])) as [Tensor, Tensor]
    next.push([keys, values])
  }
  const encoded = layerNorm(encoder.at('norm'), x, { eps })
  stages.set('encoder.norm', encoded)
  const tokens = whole ? slice(encoded, [templateTokens], [templateTokens + searchTokens], [1]) : encoded
  const features = tokens.transpose([0, 2, 1]).reshape([1, c, grid, grid])
  const head = (name: string, out: number) => branch(s.at('head'), features, name, out, stages)
  const probability = (logits: Tensor) => clip(sigmoid(logits), 1e-4, 1 - 1e-4)
  const outputs = {
    score: probability(head('ctr', 1)),
    offset: head('offset', 2),
    size: probability(head('size', 2)),
    next_variation: gather(next)
  }
  return { outputs, stages }
}

const select = (stages: Stages, names: readonly string[]) =>
  Object.fromEntries([...stages].filter(([name]) => names.includes(name)))

/**
 * The graph of a clip's beginning: `template` [1, 3, template side, template side], the crop around the given box, to
 * what the frames need of it, which does not change within the clip: `template_tokens` [1, T, C] and `inherent`
 * [D, 2, H, T, 64], the keys and values of the template seen alone. `inherent` also stands for the variation of the
 * frame before the first.
 *
 * @param stages names of the golden files' stages that become outputs too
 */
export const buildRomtrackTemplate = (scale: RomtrackScale, stages: readonly string[] = []): Graph =>
  build(s => {
    const network = once(s, scale)
    return { ...network.outputs, ...select(network.stages, stages) }
  })

/**
 * The graph of a frame: `search` [1, 3, search side, search side], the crop around the last box, with
 * `template_tokens` and `inherent` of the clip and `variation` [D, 2, H, T, 64] of the frame before, to `score`
 * [1, 1, g, g], `offset` [1, 2, g, g] (x, y in cells), `size` [1, 2, g, g] (width, height as parts of the search's
 * side) and `next_variation`.
 *
 * @param stages names of the golden files' stages that become outputs too; the last block then computes the
 * template's tokens as well, which nothing else needs
 */
export const buildRomtrackFrame = (scale: RomtrackScale, stages: readonly string[] = []): Graph =>
  build(s => {
    const network = each(s, scale, stages.length > 0)
    return { ...network.outputs, ...select(network.stages, stages) }
  })

/** The parameters of both graphs: those that the authors' checkpoints hold. */
export const romtrackParameters = (scale: RomtrackScale): Parameter[] => {
  const both = [buildRomtrackTemplate(scale), buildRomtrackFrame(scale)].flatMap(graph => graph.parameters)
  return [...new Map(both.map(parameter => [parameter.name, parameter])).values()]
}

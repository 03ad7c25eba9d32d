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

const { clip, concat, relu, sigmoid, slice, softmax, split, squeeze, unsqueeze } = ops

const patch = 16
const headWidth = 64
const eps = 1e-6

/** Channels of the head's hidden layers. */
const headChannels = [256, 128, 64, 32]

/** Tensors on the way, by the names that the golden files have for them. */
type Stages = Map<string, Tensor>

const sizesOf = ({ template, search, width, depth }: RomtrackScale) => ({
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

interface BlockResult {
  x: Tensor
  /** Keys and values of x itself, [2, H, tokens, 64]. */
  own: Tensor
}

/**
 * A pre-norm block: [1, N, C] -> [1, N - first, C].
 * @param remembered keys and values of other tokens that can be attended to, [2, H, tokens, 64] each
 * @param first the first token that is wanted of the result; all can be attended to
 */
const block = (
  s: Scope,
  x: Tensor,
  { remembered = [], first = 0, stages }: { remembered?: Tensor[]; first?: number; stages: Stages }
): BlockResult => {
  const [, n, c] = x.shape as [number, number, number]
  const heads = c / headWidth
  const note = (name: string, tensor: Tensor) => {
    stages.set(s.at(name).path, tensor)
    return tensor
  }
  const h = note('norm1', layerNorm(s.at('norm1'), x, { eps }))
  const qkv = note('attn.qkv', linear(s.at('attn').at('qkv'), h, 3 * c))
    .reshape([n, 3, heads, headWidth])
    .transpose([1, 2, 0, 3]) // [3, H, N, 64]
  const [q, own] = split(qkv, [1, 2], { axis: 0 }) as [Tensor, Tensor]
  const [k, v] = split(concat([own, ...remembered], { axis: 2 }), [1, 1], { axis: 0 }) as [Tensor, Tensor]
  const wanted = first ? slice(q, [first], [n], [2]) : q
  const scores = wanted.mul(headWidth ** -0.5).matMul(k.transpose([0, 1, 3, 2])) // [1, H, N - first, keys]
  const y = softmax(scores)
    .matMul(v)
    .transpose([0, 2, 1, 3])
    .reshape([1, n - first, c])
  const rest = first ? slice(x, [first], [n], [1]) : x
  const attended = rest.add(note('attn.proj', linear(s.at('attn').at('proj'), y, c)))
  const h2 = note('norm2', layerNorm(s.at('norm2'), attended, { eps }))
  return { x: attended.add(note('mlp', mlp(s.at('mlp'), h2, 4 * c))), own }
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
  const inherent: Tensor[] = []
  let x = tokens
  for (let i = 0; i < depth; i++) {
    const result = block(encoder.at('blocks').at(i), x, { stages })
    x = result.x
    stages.set(`blocks.${i}`, x)
    inherent.push(unsqueeze(result.own, [0]))
  }
  stages.set('encoder.norm', layerNorm(encoder.at('norm'), x, { eps }))
  return { outputs: { template_tokens: tokens, inherent: concat(inherent, { axis: 0 }) }, stages }
}

/** What is computed in each frame: sections 3.3 and 3.5. */
const each = (s: Scope, scale: RomtrackScale, whole: boolean) => {
  const { c, depth, grid, templateTokens, searchTokens, cacheShape } = sizesOf(scale)
  const stages: Stages = new Map()
  const encoder = s.at('encoder')
  const template = s.input('template_tokens', 'float32', [1, templateTokens, c])
  const picture = s.input('search', 'float32', [1, 3, scale.search, scale.search])
  const perBlock = (cache: Tensor) =>
    split(cache, undefined, { num_outputs: depth }).map(part => squeeze(part, [0]))
  const inherent = perBlock(s.input('inherent', 'float32', cacheShape))
  const variation = perBlock(s.input('variation', 'float32', cacheShape))

  const patches = embed(encoder.at('patch_embed_t'), picture, c)
  stages.set('encoder.patch_embed_t#1', patches)
  const search = patches.add(encoder.param('pos_embed_s', [1, searchTokens, c]))
  const next: Tensor[] = []
  let x = concat([template, search], { axis: 1 })
  for (let i = 0; i < depth; i++) {
    // Of the last block only the search's tokens are wanted.
    const first = i === depth - 1 && !whole ? templateTokens : 0
    const remembered = [inherent[i], variation[i]]
    const result = block(encoder.at('blocks').at(i), x, { remembered, first, stages })
    x = result.x
    stages.set(`blocks.${i}`, x)
    next.push(unsqueeze(slice(result.own, [0], [templateTokens], [2]), [0]))
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
    next_variation: concat(next, { axis: 0 })
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

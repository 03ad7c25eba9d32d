/**
 * MixFormerV2, arXiv 2305.15896: follows one thing with a transformer over the tokens of two templates, of the search
 * crop and of four predictions. Section numbers are those of the specification.
 *
 * Templates never look at the search crop, so what the search takes from them, keys and values of each block, is
 * computed by a graph of its own whenever a template changes; the other graph runs in each frame (section 3.3). The
 * whole network in one graph has the parameters of both, and its authors' stages.
 */
import { build, ops, type Graph, type Scope, type Tensor } from '../graph/index.ts'
import {
  attend,
  blocks,
  embed,
  heads,
  headWidth,
  lastTokens,
  mixed,
  patch,
  Stages,
  tokensOf,
  width
} from './backbone.ts'
import { boxHead, cornerHead, scoreHead } from './heads.ts'
import type { MixFormerScale, MixVitScale } from './variants.ts'

const { concat, split } = ops

type Outputs = Record<string, Tensor>

/** Left, right, top, bottom. */
const predictions = 4

const crop = (s: Scope, name: string, side: number) => s.input(name, 'float32', [1, 3, side, side])
const templatesOf = (s: Scope, { template }: MixVitScale) =>
  ['template', 'online_template'].map(name => crop(s, name, template))

const predictionTokens = (s: Scope) =>
  s.param('reg_tokens', [1, predictions, width]).add(s.param('pos_embed_reg', [1, predictions, width]))

/** All that is read from the prediction tokens of the last block; there is no norm behind it. */
const read = (s: Scope, tokens: Tensor, scale: MixFormerScale, stages: Stages): Outputs => ({
  ...boxHead(s.at('box_head'), tokens, scale, stages),
  ...(scale.score ? scoreHead(s.at('score_head'), tokens, stages) : {}),
  reg_tokens: lastTokens(tokens, predictions)
})

/** The outputs and stages of these names, in the order of the names. */
const select = (names: readonly string[], outputs: Outputs, stages: Stages): Outputs =>
  Object.fromEntries(
    names.flatMap(name => {
      const tensor = outputs[name] ?? stages.get(name)
      return tensor ? [[name, tensor]] : []
    })
  )

/** Whether a stage of the last block is wanted, whose tokens are not all computed otherwise. */
const wantsLastBlock = (names: readonly string[], { depth }: MixVitScale) =>
  names.some(name => name.startsWith(`backbone.blocks.${depth - 1}`))

/** The outputs that a tracker reads: box [1, 1, 4] and, where there is a head for it, score [1]. */
const trackerOutputs = ['pred_boxes', 'score_sigmoid'] as const

/**
 * The whole network in one graph: `template`, `online_template` [1, 3, template side, template side] and `search`
 * [1, 3, search side, search side] to `pred_boxes` [1, 1, 4] (centre x, centre y, width, height as parts of the search
 * crop's side) and `score_sigmoid` [1]. Its parameters are those that the authors' checkpoints hold.
 *
 * @param outputs those, `prob_l`, `prob_t`, `prob_b`, `prob_r` [1, bins], `pred_scores` [1], `reg_tokens` [1, 4, 768],
 * or a stage by its name in the golden files; names that the network has not are left out
 */
export const buildMixFormer = (scale: MixFormerScale, outputs: readonly string[] = trackerOutputs): Graph =>
  build(s => {
    const stages = new Stages()
    const backbone = s.at('backbone')
    const crops = { templates: templatesOf(s, scale), search: crop(s, 'search', scale.search) }
    const tokens = [...embed(backbone, crops, stages), predictionTokens(backbone)]
    const { x } = blocks(backbone, concat(tokens, { axis: 1 }), {
      ...scale,
      look: mixed(tokensOf(scale.search) + predictions),
      wanted: wantsLastBlock(outputs, scale) ? undefined : predictions,
      stages
    })
    return select(outputs, read(s, lastTokens(x, predictions), scale, stages), stages)
  })

/**
 * The graph that runs when a template changes: `template` and `online_template` to `memory` [depth, 2, 12, M, 64], keys
 * and values of their M tokens in each block.
 */
export const buildTemplates = (scale: MixFormerScale): Graph =>
  build(s => {
    const stages = new Stages()
    const backbone = s.at('backbone')
    const tokens = embed(backbone, { templates: templatesOf(s, scale) }, stages)
    const { keysValues } = blocks(backbone, concat(tokens, { axis: 1 }), { ...scale, look: attend, stages })
    const parts = keysValues.flatMap(({ keys, values }) => [keys, values])
    const m = 2 * tokensOf(scale.template)
    return { memory: concat(parts, { axis: 0 }).reshape([scale.depth, 2, heads, m, headWidth]) }
  })

/**
 * The graph of a frame: `search` and the templates' `memory` to the outputs of the whole network.
 * @param outputs as for {@link buildMixFormer}, without its stages
 */
export const buildSearch = (scale: MixFormerScale, outputs: readonly string[] = trackerOutputs): Graph =>
  build(s => {
    const stages = new Stages()
    const backbone = s.at('backbone')
    const m = 2 * tokensOf(scale.template)
    const memory = s.input('memory', 'float32', [scale.depth, 2, heads, m, headWidth])
    const remembered = split(memory.reshape([-1, heads, m, headWidth]), undefined, {
      num_outputs: 2 * scale.depth
    })
    const search = embed(backbone, { templates: [], search: crop(s, 'search', scale.search) }, stages)
    const { x } = blocks(backbone, concat([...search, predictionTokens(backbone)], { axis: 1 }), {
      ...scale,
      look: (q, { keys, values }, i) =>
        attend(q, {
          keys: concat([remembered[2 * i], keys], { axis: 2 }),
          values: concat([remembered[2 * i + 1], values], { axis: 2 })
        }),
      wanted: predictions,
      stages
    })
    return select(outputs, read(s, x, scale, stages), new Stages())
  })

/**
 * MixViT with its corner head, the teacher (section 6.5): the inputs of {@link buildMixFormer} to `pred_boxes`,
 * `prob_tl`, `prob_br` [1, cells of the map] and the marginals `prob_l`, `prob_t`, `prob_r`, `prob_b` [1, bins].
 *
 * @param outputs those, or a stage by its name in the golden files; names that the network has not are left out
 */
export const buildMixVit = (scale: MixVitScale, outputs: readonly string[]): Graph =>
  build(s => {
    const stages = new Stages()
    const backbone = s.at('backbone')
    // timm's ViT has them, and so have the checkpoints.
    backbone.param('cls_token', [1, 1, width])
    backbone.param('pos_embed', [1, 197, width])
    for (const [name, shape] of [
      ['norm', [width]],
      ['head', [1000, width]]
    ] as const) {
      backbone.at(name).param('weight', shape)
      backbone.at(name).param('bias', shape.slice(0, 1))
    }
    const crops = { templates: templatesOf(s, scale), search: crop(s, 'search', scale.search) }
    const tokens = concat(embed(backbone, crops, stages), { axis: 1 })
    const n = tokensOf(scale.search)
    const { x } = blocks(backbone, tokens, {
      ...scale,
      look: mixed(n),
      wanted: wantsLastBlock(outputs, scale) ? undefined : n,
      stages
    })
    const grid = scale.search / patch
    const features = lastTokens(x, n).transpose([0, 2, 1]).reshape([1, width, grid, grid])
    const head = cornerHead(s.at('box_head'), features, scale.search, stages)
    return select(outputs, head, stages)
  })

/** The published sizes of MixFormerV2 and of its teacher (specification, section 2). */
export interface MixFormerScale {
  /** Pixels of a template's and of the search crop's side, multiples of 16. */
  template: number
  search: number
  /** Blocks. */
  depth: number
  /** Channels between the two layers of a block's MLP. */
  hidden: number
  /** Places that an edge of the box can be at, over the search crop's side. */
  bins: number
  /** Whether it says how sure it is. */
  score: boolean
}

/** MixViT: no prediction tokens, and no bins but a map of 4 x 4 pixels for each of two corners. */
export type MixVitScale = Pick<MixFormerScale, 'template' | 'search' | 'depth' | 'hidden'>

export const mixFormerVariants = {
  s: { template: 112, search: 224, depth: 4, hidden: 768, bins: 96, score: true },
  b: { template: 128, search: 288, depth: 8, hidden: 3072, bins: 96, score: true },
  /** The student of the first training stage, teacher of the second. */
  'student-12': { template: 128, search: 288, depth: 12, hidden: 3072, bins: 72, score: false }
} as const satisfies Record<string, MixFormerScale>

/** Teacher of the first training stage. */
export const mixVitB = { template: 128, search: 288, depth: 12, hidden: 3072 } as const satisfies MixVitScale

/** The size of the network with these parameters, by their authors' names. */
export const scaleOf = (
  parameters: readonly (readonly [name: string, shape: readonly number[], ...rest: unknown[]])[]
): MixFormerScale => {
  const shapes = new Map(parameters.map(([name, shape]) => [name, shape]))
  const first = (name: string, axis = 0) => shapes.get(name)?.[axis] ?? 0
  return {
    template: 16 * Math.sqrt(first('backbone.pos_embed_t', 1)),
    search: 16 * Math.sqrt(first('backbone.pos_embed_s', 1)),
    depth: parameters.filter(([name]) => /^backbone\.blocks\.\d+\.norm1\.weight$/.test(name)).length,
    hidden: first('backbone.blocks.0.mlp.fc1.weight'),
    bins: first('box_head.layers.1.0.weight'),
    score: shapes.has('score_head.layers.1.weight')
  }
}

/** The sizes of MaxSR (specification, section 2) and the factors that it enlarges by. */
export interface MaxsrScale {
  /** Channels. */
  width: number
  stages: number
  /** Blocks of each stage. */
  blocks: number
  heads: number
}

export const maxsrVariants = {
  maxsr: { width: 128, stages: 4, blocks: 4, heads: 4 },
  'maxsr-light': { width: 48, stages: 4, blocks: 2, heads: 4 }
} as const satisfies Record<string, MaxsrScale>

/** For each factor, what the pixel shuffles in a row enlarge by. */
export const shuffles = { 2: [2], 3: [3], 4: [2, 2], 8: [2, 2, 2] } as const

export type Factor = keyof typeof shuffles
const factors = Object.keys(shuffles).map(Number) as Factor[]

type Network = keyof typeof maxsrVariants

/** What weights are trained for: a network and the factor that it enlarges by. */
export const maxsrModels = Object.fromEntries(
  (Object.keys(maxsrVariants) as Network[]).flatMap(network =>
    factors.map(factor => [`${network}-x${factor}`, { scale: maxsrVariants[network], factor }])
  )
) as Record<`${Network}-x${Factor}`, { scale: MaxsrScale; factor: Factor }>

/** Side of an attention window that the tables of position biases are made for: patches of 64 x 64 in training. */
export const tableWindow = 8

import type { Benchmark } from '../sot/follower.ts'

/** The published sizes of ROMTrack (specification, section 2); heads are 64 wide, patches 16 x 16 pixels. */
export interface RomtrackScale {
  /** Pixels of the template's and of the search's side, multiples of 16. */
  template: number
  search: number
  /** Channels of a token, a multiple of 64. */
  width: number
  /** Blocks. */
  depth: number
}

export interface RomtrackVariant extends RomtrackScale {
  /** Side of the search crop: the square root of the box's area times this. */
  searchFactor: number
  /** The authors' choice for benchmarks, where it is another one. */
  searchFactors?: Partial<Record<Benchmark, number>>
}

export const romtrackVariants = {
  'tiny-256': { template: 128, search: 256, width: 192, depth: 12, searchFactor: 3.8 },
  'small-256': { template: 128, search: 256, width: 384, depth: 12, searchFactor: 3.8 },
  'base-256': { template: 128, search: 256, width: 768, depth: 12, searchFactor: 4 },
  'base-384': {
    template: 192,
    search: 384,
    width: 768,
    depth: 12,
    searchFactor: 5,
    searchFactors: { got10k: 4.75, trackingnet: 4.5 }
  },
  'large-384': { template: 192, search: 384, width: 1024, depth: 24, searchFactor: 4.75 }
} satisfies Record<string, RomtrackVariant>
export type RomtrackVariantName = keyof typeof romtrackVariants

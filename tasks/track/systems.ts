/** The systems that follow one thing, and what is theirs to decide. */
import type { ModelRecord } from '../../events/model.ts'
import { mixFormerFollower, mixFormerStateBytes } from '../../models/mixformerv2/follow.ts'
import { benchmarkOptions, trackerDefaults } from '../../models/mixformerv2/tracker.ts'
import { mixFormerVariants } from '../../models/mixformerv2/variants.ts'
import { romtrackFollower, romtrackStateBytes } from '../../models/romtrack/follow.ts'
import {
  romtrackVariants,
  type RomtrackVariant,
  type RomtrackVariantName
} from '../../models/romtrack/variants.ts'
import type { Benchmark, Follower } from '../../models/sot/follower.ts'
import type { RunGraph } from '../../models/graph/run.ts'

export const systemNames = ['mixformerv2', 'romtrack'] as const
export type SystemName = (typeof systemNames)[number]
export const isFollowed = (system: string): system is SystemName =>
  (systemNames as readonly string[]).includes(system)

/** Frames from one exchange of MixFormerV2's online template to the next. */
export const { interval: updateInterval } = trackerDefaults.s

/** What a variant's authors take for the longest clips. */
export const searchFactors = (system: SystemName, variant: string): number =>
  system === 'mixformerv2'
    ? trackerDefaults[variant as keyof typeof trackerDefaults].searchFactor
    : romtrackVariants[variant as RomtrackVariantName].searchFactor

interface Settings {
  searchFactor: number
  /** Of MixFormerV2. */
  updateInterval?: number
}

/** What a variant's authors take for a benchmark. */
export const benchmarkSettings = (system: SystemName, variant: string, benchmark: Benchmark): Settings => {
  if (system === 'romtrack') {
    const { searchFactor, searchFactors }: RomtrackVariant = romtrackVariants[variant as RomtrackVariantName]
    return { searchFactor: searchFactors?.[benchmark] ?? searchFactor }
  }
  const { searchFactor, interval } = benchmarkOptions[variant as keyof typeof benchmarkOptions][benchmark]
  return { searchFactor, updateInterval: interval }
}

/** What follows a thing with a model. */
export const openFollower = (
  { system, variant }: Pick<ModelRecord, 'system' | 'variant'>,
  { searchFactor, updateInterval: interval }: Settings,
  run: RunGraph
): Follower<unknown> => {
  if (system === 'romtrack') {
    const scale = romtrackVariants[variant as RomtrackVariantName]
    return romtrackFollower(scale, searchFactor, run) as Follower<unknown>
  }
  const scale = mixFormerVariants[variant as keyof typeof mixFormerVariants]
  const options = { searchFactor, interval: interval ?? updateInterval }
  return mixFormerFollower(scale, options, run) as Follower<unknown>
}

/** Bytes of what is kept of one target from frame to frame. */
export const stateBytes = (system: SystemName, variant: string): number =>
  system === 'romtrack'
    ? romtrackStateBytes(romtrackVariants[variant as RomtrackVariantName])
    : mixFormerStateBytes(mixFormerVariants[variant as keyof typeof mixFormerVariants])

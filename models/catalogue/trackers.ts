import type { Fits } from './systems.ts'
import type { Weights } from './weights.ts'

type VariantOf<System> = Extract<Fits, { system: System }>['variant']

const licence = {
  code: 'MIT',
  weights: 'unknown: none is stated',
  data: 'unknown: GOT-10k, LaSOT, TrackingNet, COCO 2017; read the terms of each'
}

const notAtHand = 'weights by rule; this file itself was not at hand'

/** A file in a folder of Google Drive; which address within it the file has is not known. */
const inFolder = (name: string, folder: string) =>
  ({
    kind: 'by-hand',
    name,
    how: `Google Drive gives files to browsers only: open ${folder} and download ${name}`
  }) as const

const mixFormerFolder = 'https://drive.google.com/drive/folders/1soQMZyvIcY7YrYrGdk6MCstTPlMXNd30'

const mixFormer = (
  variant: VariantOf<'mixformerv2'>,
  file: string,
  success: number,
  compared: string
): Weights => ({
  name: `mixformerv2-${variant}`,
  system: 'mixformerv2',
  variant,
  summary: `follows one thing of any kind; MixFormerV2; success ${success} on LaSOT`,
  file: inFolder(file, mixFormerFolder),
  source: `${mixFormerFolder} (MCG-NJU/MixFormerV2; also NJU Box aba770262d984b1594d2)`,
  licence,
  verified: `${compared} with ${notAtHand}`
})

const romtrackFolder = 'https://drive.google.com/drive/folders/1Q7CpNIhWX05VU7gECnhePu3dKzTV_VoK'

const romtrack = (
  variant: VariantOf<'romtrack'>,
  file: string,
  figure: string,
  compared: string
): Weights => ({
  name: `romtrack-${variant}`,
  system: 'romtrack',
  variant,
  summary: `follows one thing of any kind; ROMTrack; ${figure}`,
  file: inFolder(file, romtrackFolder),
  source: `${romtrackFolder} (dawnyc/ROMTrack)`,
  licence,
  verified: `${compared} with ${notAtHand}`
})

/** Trained on nothing else, as the benchmark of that name demands. */
const got10kOnly = (weights: Weights): Weights => ({
  ...weights,
  name: `${weights.name}-got10k`,
  licence: { ...licence, data: 'unknown: GOT-10k; read its terms' }
})

const network = 'network stage by stage'
const both = 'network stage by stage and tracker frame by frame'
const neither = 'only the same network and tracker in other sizes,'

export const trackerWeights: Weights[] = [
  mixFormer('s', 'mixformerv2_small.pth.tar', 60.6, both),
  mixFormer('b', 'mixformerv2_base.pth.tar', 70.6, network),
  romtrack('tiny-256', 'ROMTrack-Tiny-256_epoch0100.pth.tar', 'success 59.3 on LaSOT', both),
  romtrack('small-256', 'ROMTrack-Small-256_epoch0100.pth.tar', 'success 62.3 on LaSOT', neither),
  romtrack('base-256', 'ROMTrack_epoch0100.pth.tar', 'success 69.3 on LaSOT', network),
  romtrack('base-384', 'ROMTrack-384_epoch0100.pth.tar', 'success 71.4 on LaSOT', network),
  romtrack('large-384', 'ROMTrack-Large-384_epoch0100.pth.tar', 'success 72.0 on LaSOT', neither),
  got10kOnly(romtrack('base-256', 'ROMTrack_epoch0050.pth.tar', 'overlap 72.9 on GOT-10k', network)),
  got10kOnly(romtrack('base-384', 'ROMTrack-384_epoch0050.pth.tar', 'overlap 74.2 on GOT-10k', network))
]

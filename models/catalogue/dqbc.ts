import type { Weights } from './weights.ts'

const file = '510000.pth'
const address = 'https://drive.google.com/file/d/1_cCLh5Tz6aRjde6-siesXOP3iBju3Fa4/view'

export const dqbcWeights: Weights[] = [
  {
    name: 'dqbc',
    system: 'dqbc',
    variant: 'dqbc',
    summary: 'makes the frame in the middle of two; DQBC; PSNR 36.57 on Vimeo90K, by the mean of four passes',
    file: {
      kind: 'by-hand',
      name: file,
      how: `Google Drive gives files to browsers only: open ${address} and download ${file}`
    },
    source: `${address} (kinoud/DQBC, which expects it at pretrained/${file})`,
    licence: {
      code: 'MIT',
      weights: 'unknown: none is stated',
      data: 'unknown: Vimeo90K; read its terms'
    },
    verified:
      'network stage by stage, padding and every way to run it, with weights by rule; this file itself was not at hand'
  }
]

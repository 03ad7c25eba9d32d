import type { YoloxVariantName } from '../yolox/variants.ts'
import { cocoClasses } from './coco.ts'
import type { Weights } from './weights.ts'

type YoloxWeights = Extract<Weights, { system: 'yolox' }>

const person: YoloxWeights = {
  name: 'clipmill-person-nano',
  system: 'yolox',
  variant: 'nano',
  summary: 'people on streets; small, trained for this project so that it works on a fresh clone',
  detector: { classes: ['person'], preprocessing: 'new', longSide: 640, scores: { follow: 0.4 } },
  file: {
    kind: 'package',
    path: 'weights/clipmill-person-nano/yolox_nano_person.safetensors',
    sha256: 'ffb23e4c823bab010ed5df233e82e134066e89daa3cb534c422282725c9c1fe1'
  },
  source: 'trained for clipmill: weights/clipmill-person-nano/SOURCE.md',
  licence: {
    code: 'Apache-2.0',
    weights: 'Apache-2.0',
    data: 'CC BY 4.0 and unknown: see the source note'
  },
  verified: 'network stage by stage; detections on real photos as with the authors’ code'
}

const cocoLicence = {
  code: 'Apache-2.0',
  weights: 'Apache-2.0',
  data: 'COCO: annotations CC BY 4.0, pictures under the terms of Flickr'
}
/** The tests of COCO have this long side; the score is our choice. */
const coco = (variant: YoloxVariantName, preprocessing: 'new' | 'mot') => ({
  classes: cocoClasses,
  preprocessing,
  longSide: variant === 'nano' || variant === 'tiny' ? 416 : 640,
  scores: { follow: 0.5 }
})

const network =
  'network stage by stage with weights by rule; this file itself was not at hand, so its detections were not compared'

/** Release 0.1.1rc0 of the official repository. Sums and sizes: as several independent projects pin them. */
const official = (
  variant: YoloxVariantName,
  precision: number,
  bytes: number,
  sha256: string,
  verified = network
): YoloxWeights => {
  const address = `https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_${variant}.pth`
  return {
    name: `yolox-${variant}`,
    system: 'yolox',
    variant,
    summary: `80 classes of COCO; official release 0.1.1rc0; AP ${precision.toFixed(1)} on COCO val`,
    detector: coco(variant, 'new'),
    file: { kind: 'published', address, bytes, sha256 },
    source: address,
    licence: cocoLicence,
    verified
  }
}

/** The first release, with the older pre-processing and worse results. `precision`: on COCO val for nano and tiny, else on test. */
const legacy = (
  variant: YoloxVariantName,
  precision: string,
  file = `yolox_${variant}.pth`,
  verified = network
): YoloxWeights => {
  const address = `https://github.com/Megvii-BaseDetection/storage/releases/download/0.0.1/${file}`
  return {
    name: `yolox-${variant}-legacy`,
    system: 'yolox',
    variant,
    summary: `80 classes of COCO; the first official release, superseded by yolox-${variant}; AP ${precision}`,
    detector: coco(variant, 'mot'),
    file: { kind: 'published', address },
    source: address,
    licence: cocoLicence,
    verified
  }
}

const folded: YoloxWeights = {
  name: 'yolox-nano-folded',
  system: 'yolox',
  variant: 'nano',
  summary: '80 classes of COCO; what yolox-nano computes, recovered from an ONNX export of it',
  detector: coco('nano', 'new'),
  file: {
    kind: 'by-hand',
    name: 'yolox_nano_from_onnx.pth',
    how: 'it was made for the tests of this project and is published nowhere: take yolox-nano, which computes the same',
    bytes: 3_916_121,
    sha256: 'dd896aec1563dc8f077d97b1cff97afbf75325d4f96cb29815a753292ab92c23'
  },
  source:
    'Kazuhito00/YOLOX-ONNX-TFLite-Sample, commit 3d4f1119d0694200671c08069ecb847aa0d8495a, model/yolox_nano.onnx; there exported from the official release 0.1.1rc0; batch norms folded',
  licence: cocoLicence,
  verified: 'network stage by stage; detections on dog.jpg as with the authors’ code'
}

/** ByteTrack's detectors of people, on Google Drive. */
const byteTrack = (
  variant: YoloxVariantName,
  id: string,
  longSide: number,
  accuracy: string
): YoloxWeights => {
  const file = `bytetrack_${variant}_mot17.pth.tar`
  const address = `https://drive.google.com/file/d/${id}/view`
  return {
    name: `bytetrack-${variant}-mot17`,
    system: 'yolox',
    variant,
    summary: `people in crowds, of ByteTrack; MOTA ${accuracy} on MOT17 train, which it was trained on`,
    detector: { classes: ['person'], preprocessing: 'mot', longSide, scores: { follow: 0.6 } },
    file: {
      kind: 'by-hand',
      name: file,
      how: `Google Drive gives files to browsers only: open ${address} and download ${file}`
    },
    source: `${address} (ifzhang/ByteTrack)`,
    licence: {
      code: 'MIT',
      weights: 'unknown: none is stated',
      data: 'unknown: MOT17, CrowdHuman, CityPersons, ETHZ; read the terms of each'
    },
    verified: network
  }
}

const sportsFolder = 'https://drive.google.com/drive/folders/1pQs1gFC_jG0TlGIUMgf3E0I3OztCvgxI'
/** MixSort's detectors of players, in a folder of Google Drive. */
const sports = (name: string, file: string, summary: string): YoloxWeights => ({
  name,
  system: 'yolox',
  variant: 'x',
  summary,
  detector: { classes: ['person'], preprocessing: 'mot', longSide: 1440, scores: { follow: 0.6 } },
  file: {
    kind: 'by-hand',
    name: file,
    how: `Google Drive gives files to browsers only: open ${sportsFolder} and download ${file}`
  },
  source: `${sportsFolder} (MCG-NJU/MixSort; also Baidu 1YAP1zKtx-M_ay6uZINoCHg, code 7438)`,
  licence: {
    code: 'MIT',
    weights: 'unknown: none is stated',
    data: 'SportsMOT: CC BY-NC 4.0, not to be distributed; what else was trained on is unknown'
  },
  verified: network
})

/** The first one is the default. */
export const yoloxWeights: YoloxWeights[] = [
  person,
  official(
    'nano',
    25.8,
    7_694_953,
    'cd28f55fbbc1829f99d9ac9b38a16d259a22889739c8728ea877610201feff7b',
    'network stage by stage; the same weights out of an ONNX export detect on dog.jpg as with the authors’ code (yolox-nano-folded); this file itself was not at hand'
  ),
  official('tiny', 32.8, 40_755_013, '9de513de589ac98bb92d3bca53b5af7b9acfa9b0bacb831f7999d0f7afaee8f0'),
  official('s', 40.5, 72_089_125, 'f55ded7181e1b0c13285c56e7790b8f0e8f8db590fe4edb37f0b7f345c913a30'),
  official('m', 46.9, 203_114_461, '60076992b32da82951c90cfa7bd6ab70eba9eda243e08b940a396f60ac2d19b6'),
  official('l', 49.7, 434_357_141, '1e6b7fa6240375370b2a8a8eab9066b3cdd43fd1d0bfa8d2027fd3a51def2917'),
  official('x', 51.1, 793_463_373, '5652330b6ae860043f091b8f550a60c10e1129f416edfdb65c259be6caf355cf'),
  folded,
  legacy('nano', '25.3 on COCO val'),
  legacy('tiny', '32.8 on COCO val', 'yolox_tiny_32dot8.pth'),
  legacy('s', '39.6 on COCO test'),
  legacy('m', '46.4 on COCO test'),
  legacy('l', '50.0 on COCO test'),
  legacy('x', '51.2 on COCO test'),
  byteTrack('nano', '1AoN2AxzVwOLM0gJ15bcwqZUpFjlDV1dX', 1088, '69.0'),
  byteTrack('tiny', '1LFAl14sql2Q5Y9aNFsX_OqsnIzUD_1ju', 1088, '77.1'),
  byteTrack('s', '1uSmhXzyV1Zvb4TJJCzpsZOIcw7CCJLxj', 1088, '79.2'),
  byteTrack('x', '1P4mY0Yyd3PPTybgZkjMYhFri88nTmJX5', 1440, '90.0'),
  sports(
    'mixsort-x-sports',
    'yolox_x_sports_train.pth.tar',
    'players on sports fields, of MixSort; trained on SportsMOT'
  ),
  sports(
    'mixsort-x-sportsmix',
    'yolox_x_sportsmix_ch.pth.tar',
    'players on sports fields, of MixSort; trained on a mixed set'
  )
]

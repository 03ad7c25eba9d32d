import {
  AV_CODEC_FLAG_QSCALE,
  avGetPixFmtName,
  Codec,
  FF_ENCODER_MJPEG,
  FF_ENCODER_PNG,
  FF_QP2LAMBDA,
  FF_THREAD_FRAME,
  AVCOL_RANGE_JPEG,
  type AVPixelFormat,
  type Frame,
  type Rational
} from 'node-av'
import type { PictureFormat } from '../../events/clip.ts'
import { openEncoder, openFilters, type Filters } from './ffmpeg.ts'
import type { Size } from './size.ts'
import { threads } from './threads.ts'

/** Quantiser scale of JPEG pictures, 2 to 31: 2 is the finest that the encoder offers. */
const quantiser = 2 * FF_QP2LAMBDA

export const openPictureEncoder = (format: PictureFormat, frame: Frame, timeBase: Rational) =>
  openEncoder(
    Codec.findEncoderByName(format === 'jpeg' ? FF_ENCODER_MJPEG : FF_ENCODER_PNG)!,
    format === 'jpeg' ? {} : { compression_level: '1', pred: 'up' },
    context => {
      context.width = frame.width
      context.height = frame.height
      context.pixelFormat = frame.format as AVPixelFormat
      context.timeBase = timeBase
      context.threadCount = threads
      context.threadType = FF_THREAD_FRAME
      if (format === 'jpeg') {
        context.colorRange = AVCOL_RANGE_JPEG
        context.setFlags(AV_CODEC_FLAG_QSCALE)
        context.globalQuality = quantiser
      }
    }
  )

/** What the encoder wants to know of every frame. */
export const prepareForEncoder = (frame: Frame) => (frame.quality = quantiser)

/** What a source of filters must know of its frames ("key=value:…"). */
const describeFrames = (frame: Frame, timeBase: { num: number; den: number }) =>
  [
    `video_size=${frame.width}x${frame.height}`,
    `pix_fmt=${avGetPixFmtName(frame.format as AVPixelFormat) ?? ''}`,
    `time_base=${timeBase.num}/${timeBase.den}`,
    `colorspace=${frame.colorSpace}`,
    `range=${frame.colorRange}`
  ].join(':')

/** Filters for frames of any kind: the chain is made anew where one differs in geometry or format from the one before. */
export const adaptingFilters = (
  timeBase: { num: number; den: number },
  chainFor: (frame: Frame) => string[]
) => {
  let filters: (Filters & Disposable) | undefined
  let described = ''
  const dispose = () => {
    filters?.[Symbol.dispose]()
    filters = undefined
  }
  const push = async (frame: Frame, use: (frame: Frame) => void | Promise<void>) => {
    const description = describeFrames(frame, timeBase)
    if (description !== described) dispose()
    described = description
    filters ??= openFilters(description, [...chainFor(frame), 'setsar=1'].join(','))
    await filters(frame, use)
  }
  return Object.assign(push, { [Symbol.dispose]: dispose })
}

/** Formats whose colours the filter `colorspace` converts from plane to plane. */
const planar = /^yuvj?4(20|22|44)p(1[02]le)?$/

/** Matrix for pictures that do not name one: that of SD video, as FFmpeg and OpenCV assume. */
export const matrixOf = (space: string) =>
  ['bt709', 'bt470bg', 'smpte170m', 'smpte240m', 'fcc', 'bt2020nc'].includes(space) ? space : 'smpte170m'

/**
 * Filters that bring frames to `size` and into 8-bit 4:2:0 with another matrix and range. From plane to plane, without
 * RGB between; primaries and transfer stay.
 */
export const toYuv = (frame: Frame, size: Size, from: string, to: { space: string; range: 'tv' | 'pc' }) => {
  const scale = `scale=${size.width}:${size.height}:flags=${sharp}`
  const format = avGetPixFmtName(frame.format as AVPixelFormat) ?? ''
  // the filter knows no odd sides, and fails where it has nothing to do but rename yuvj420p
  const odd = size.width % 2 || size.height % 2
  const renames = format.startsWith('yuvj') && to.range === 'pc'
  return planar.test(format) && !odd && !renames
    ? [
        scale,
        `colorspace=ispace=${matrixOf(from)}:space=${to.space}:range=${to.range}:${samePrimaries}:format=yuv420p`
      ]
    : [`${scale}:out_color_matrix=${to.space}:out_range=${to.range}`, 'format=yuv420p']
}
const samePrimaries = 'iprimaries=bt709:primaries=bt709:itrc=bt709:trc=bt709:fast=1'
const sharp = 'bicubic+accurate_rnd+full_chroma_int'

/** Filters that bring frames to `size` and into exact RGB. */
export const toRgb = (size: Size) => [
  `scale=${size.width}:${size.height}:flags=${sharp}+full_chroma_inp`,
  'format=rgb24'
]

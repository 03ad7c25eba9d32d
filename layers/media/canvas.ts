import { readSync } from 'node:fs'
import { AV_CODEC_ID_MJPEG, AV_CODEC_ID_PNG, Codec, CodecContext, type Frame } from 'node-av'
import type { ClipFacts, FrameTable, Shape } from '../../events/clip.ts'
import { draw, yuvOf } from './draw.ts'
import { decode, newFrame, newPacket, ok, orFree } from './ffmpeg.ts'
import type { Size } from './size.ts'
import { adaptingFilters, toYuv } from './pictures.ts'

/** Milliseconds, for frames whose time stamps nobody reads. */
const anyTimeBase = { num: 1, den: 1000 }

/** What pictures are drawn for: their size (even for video), matrix and range. */
export interface Target extends Size {
  space: string
  range: 'tv' | 'pc'
}

/** Decodes still pictures into 8-bit 4:2:0 of the target, draws shapes on them and hands them on. */
export const openCanvas = async (
  { format, width, height }: Pick<FrameTable, 'format' | 'width' | 'height'>,
  source: ClipFacts['video'],
  target: Target
) => {
  const codec = Codec.findDecoder(format === 'jpeg' ? AV_CODEC_ID_MJPEG : AV_CODEC_ID_PNG)!
  const decoder = await orFree(new CodecContext(), async context => {
    context.allocContext3(codec)
    context.threadCount = 1
    ok(await context.open2(codec, null), 'open picture decoder')
    return context
  })
  const packet = newPacket()
  const frame = newFrame()
  const scale = { x: width / source.width, y: height / source.height }
  // pixels behind the last even column and row are cut off
  const even = `crop=${target.width}:${target.height}:0:0:exact=1`
  const filters = adaptingFilters(anyTimeBase, decoded => [
    even,
    ...toYuv(decoded, target, 'bt470bg', target)
  ])

  return {
    paint: async (picture: Buffer, shapes: Shape[], use: (frame: Frame) => Promise<void>) => {
      packet.data = picture
      // else the PNG decoder takes it for a difference to the picture before
      packet.isKeyframe = true
      let painted = false
      await decode(decoder, packet, frame, decoded =>
        filters(decoded, async canvas => {
          painted = true
          ok(canvas.makeWritable(), 'draw')
          const planes = canvas.data!
          draw(
            {
              width: canvas.width,
              height: canvas.height,
              planes: [planes[0], planes[1], planes[2]],
              strides: [canvas.linesize[0], canvas.linesize[1], canvas.linesize[2]]
            },
            shapes,
            scale,
            colour => yuvOf(colour, target.space, target.range)
          )
          await use(canvas)
        })
      )
      packet.unref()
      if (!painted) throw new Error('a picture that cannot be decoded')
    },
    [Symbol.dispose]: () => {
      decoder.freeContext()
      packet.free()
      frame.free()
      filters[Symbol.dispose]()
    }
  }
}

/** One picture out of a segment's file. */
export const readPicture = (pictures: number, { offset, bytes }: FrameTable['frames'][number]) => {
  const picture = Buffer.alloc(bytes)
  if (readSync(pictures, picture, 0, bytes, offset) < bytes)
    throw new Error(`the file of pictures ends before ${offset + bytes}`)
  return picture
}

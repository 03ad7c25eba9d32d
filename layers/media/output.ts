import {
  Dictionary,
  FormatContext,
  type CodecContext,
  type CodecParameters,
  type Packet,
  type Rational
} from 'node-av'
import { ok, orFree } from './ffmpeg.ts'

/** A stream to be written: as an encoder makes it, or copied. Its muxer may choose another time base. */
export type NewStream = { timeBase: Rational } & ({ encoder: CodecContext } | { copied: CodecParameters })

/** Opens a file for writing; packets go in with time stamps in their output stream's own time base. */
export const openOutput = (
  file: string,
  format: string,
  wanted: NewStream[],
  options: Record<string, string> = {},
  metadata: Record<string, string> = {}
) =>
  orFree(new FormatContext(), async output => {
    ok(output.allocOutputContext2(null, format, file), 'new output')
    output.metadata = Dictionary.fromObject(metadata)
    const streams = wanted.map(want => {
      const stream = output.newStream()
      if ('encoder' in want) ok(stream.codecpar.fromContext(want.encoder), 'stream parameters')
      else {
        ok(want.copied.copy(stream.codecpar), 'stream parameters')
        // each container has tags of its own
        stream.codecpar.codecTag = 0
      }
      stream.sampleAspectRatio = stream.codecpar.sampleAspectRatio
      stream.timeBase = want.timeBase
      return stream
    })
    ok(await output.openOutput(), 'open output')
    ok(await output.writeHeader(Dictionary.fromObject(options)), 'write header')
    return {
      streams,
      write: async (packet: Packet, stream: number) => {
        packet.streamIndex = stream
        ok(await output.interleavedWriteFrame(packet), 'write')
      },
      end: async () => {
        ok(await output.writeTrailer(), 'write trailer')
      },
      [Symbol.asyncDispose]: () => output[Symbol.asyncDispose]()
    }
  })

import { AV_PKT_DATA_DISPLAYMATRIX, type Stream } from 'node-av'
import type { Size } from './size.ts'

/** How a stored picture becomes upright: the clockwise turn, and FFmpeg's filters for it (mirrored pictures too). */
interface Turn {
  rotation: 0 | 90 | 180 | 270
  filters: string[]
}

/** By the signs of a, b, c, d in x' = ax + cy, y' = bx + dy (ISO 14496-12 8.5.2; y points down). */
const turns: Record<string, Turn> = {
  '1,0,0,1': { rotation: 0, filters: [] },
  '0,1,-1,0': { rotation: 90, filters: ['transpose=clock'] },
  '-1,0,0,-1': { rotation: 180, filters: ['hflip', 'vflip'] },
  '0,-1,1,0': { rotation: 270, filters: ['transpose=cclock'] },
  '-1,0,0,1': { rotation: 0, filters: ['hflip'] },
  '1,0,0,-1': { rotation: 180, filters: ['vflip'] },
  '0,1,1,0': { rotation: 90, filters: ['transpose=cclock_flip'] },
  '0,-1,-1,0': { rotation: 270, filters: ['transpose=clock_flip'] }
}

/** The turn that the stream's display matrix asks for, to the nearest quarter. */
export const turnOf = (stream: Stream): Turn => {
  const side = stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX)
  if (!side || side.length < 36) return turns['1,0,0,1']
  const [a, b, c, d] = [0, 4, 12, 16].map(offset => side.readInt32LE(offset)) as [
    number,
    number,
    number,
    number
  ]
  const straight = Math.abs(a) + Math.abs(d) >= Math.abs(b) + Math.abs(c)
  const signs = straight ? [sign(a), 0, 0, sign(d)] : [0, sign(b), sign(c), 0]
  return turns[signs.join(',')]
}
const sign = (value: number) => (value < 0 ? -1 : 1)

/** Size with square pixels, before turning: the picture grows in one direction, it never shrinks. */
export const squareSize = (stream: Stream): Size => {
  const { width, height } = stream.codecpar
  const [ofStream, ofCodec] = [stream.sampleAspectRatio, stream.codecpar.sampleAspectRatio]
  const { num, den } = ofStream.num > 0 && ofStream.den > 0 ? ofStream : ofCodec
  if (num <= 0 || den <= 0) return { width, height }
  return num >= den
    ? { width: Math.round((width * num) / den), height }
    : { width, height: Math.round((height * den) / num) }
}

export const turned = ({ width, height }: Size, rotation: number): Size =>
  rotation % 180 ? { width: height, height: width } : { width, height }

import { readFileSync, truncateSync, writeFileSync } from 'node:fs'

const patch = (change: (bytes: Buffer) => void) => (file: string) => {
  const bytes = readFileSync(file)
  change(bytes)
  writeFileSync(file, bytes)
}

/** Cuts a file off behind `share` of its bytes. */
export const cutOff = (share: number) => (file: string) =>
  truncateSync(file, Math.round(readFileSync(file).length * share))

/** Cuts a file off `bytes` behind occurrence number `frame` of `marker`, counted from the first `start` on. */
const cutBehind = (start: Buffer, marker: Buffer, bytes: number) => (frame: number) => (file: string) => {
  const content = readFileSync(file)
  let at = content.indexOf(start)
  for (let i = 0; i <= frame; i++) at = content.indexOf(marker, at + marker.length)
  truncateSync(file, at + bytes)
}

/** Cuts an AVI off within picture number `frame`: behind the head of its chunk and some of its data. */
export const cutAviWithin = cutBehind(Buffer.from('movi'), Buffer.from('00dc'), 200)

/** Cuts a Matroska file of one picture a cluster (RFC 9559, 5.1.3) off within picture number `frame`. */
export const cutMatroskaWithin = cutBehind(
  Buffer.from('1a45dfa3', 'hex'),
  Buffer.from('1f43b675', 'hex'),
  100
)

/** Cuts an MP4 of pictures alone off within picture number `frame`, found by the sizes in its index (ISO 14496-12, 8.7.3). */
export const cutMp4Within = (frame: number) => (file: string) => {
  const content = readFileSync(file)
  const sizes = content.indexOf('stsz') + 16
  let at = content.indexOf('mdat') + 4
  for (let i = 0; i < frame; i++) at += content.readUInt32BE(sizes + 4 * i)
  truncateSync(file, at + 100)
}

/** Cuts a transport stream (ISO 13818-1) off before its picture number `frames`: PID 0x100, payload unit start. */
export const cutStreamBefore = (frames: number) => (file: string) => {
  const bytes = readFileSync(file)
  let begun = -1
  for (let at = 0; at < bytes.length; at += 188)
    if ((bytes.readUInt16BE(at + 1) & 0x5fff) === 0x4100 && ++begun === frames) return truncateSync(file, at)
  throw new Error(`${file} has only ${begun + 1} pictures`)
}

/**
 * Makes an MP4's edit list (ISO 14496-12, 8.6.6) show `frames` frames from frame `first` on; `ticks` of the media's time
 * scale a frame, the movie's counts milliseconds.
 */
export const edit = (first: number, frames: number, ticks: number, rate: number) =>
  patch(bytes => {
    const entry = bytes.indexOf('elst') + 12
    bytes.writeUInt32BE((frames * 1000) / rate, entry)
    bytes.writeInt32BE(first * ticks, entry + 4)
  })

/** Changes every byte of [from, until), given as shares of the file. */
export const spoil = (from: number, until: number) =>
  patch(bytes => {
    for (let at = Math.round(from * bytes.length); at < until * bytes.length; at++) bytes[at] ^= 0x55
  })

import { readFileSync, truncateSync, writeFileSync } from 'node:fs'

const patch = (change: (bytes: Buffer) => void) => (file: string) => {
  const bytes = readFileSync(file)
  change(bytes)
  writeFileSync(file, bytes)
}

/** Cuts a file off behind `share` of its bytes. */
export const cutOff = (share: number) => (file: string) =>
  truncateSync(file, Math.round(readFileSync(file).length * share))

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

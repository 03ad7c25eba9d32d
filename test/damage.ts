import { dice } from './dice.ts'

type Damage = (bytes: Buffer, roll: (n: number) => number, other: Buffer) => Buffer

/** A place in a file: headers and indices stand at its ends, so half of all places are there. */
const place = (bytes: Buffer, roll: (n: number) => number) => {
  const near = roll(Math.min(4096, bytes.length))
  return [near, bytes.length - near, roll(bytes.length), roll(bytes.length)][roll(4)]
}
/** A number of bytes from 1 up, fewer in a small file. */
const some = (bytes: Buffer, roll: (n: number) => number, most: number) =>
  1 + roll(Math.min(most, 1 + (bytes.length >> 5)))
const run = (bytes: Buffer, roll: (n: number) => number, longest: number) => {
  const from = place(bytes, roll)
  return bytes.subarray(from, from + some(bytes, roll, longest))
}
/** The same bytes with [from, until) replaced. */
const replaced = (bytes: Buffer, from: number, until: number, by: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(until)])

const bitFlips: Damage = (bytes, roll) => {
  for (let left = 1 << roll(6); left > 0; left--) {
    const at = place(bytes, roll)
    if (at < bytes.length) bytes[at] ^= 1 << roll(8)
  }
  return bytes
}
const noise: Damage = (bytes, roll) => {
  const at = run(bytes, roll, 300)
  for (let i = 0; i < at.length; i++) at[i] = roll(256)
  return bytes
}
const blank: Damage = (bytes, roll) => {
  run(bytes, roll, 3000).fill(roll(2) ? 0xff : 0)
  return bytes
}
const cut: Damage = (bytes, roll) => bytes.subarray(0, roll(bytes.length))
const removal: Damage = (bytes, roll) => {
  const at = place(bytes, roll)
  return replaced(bytes, at, at + some(bytes, roll, 500), Buffer.alloc(0))
}
const repetition: Damage = (bytes, roll) => {
  const at = place(bytes, roll)
  return replaced(bytes, at, at, Buffer.from(run(bytes, roll, 500)))
}
const splice: Damage = (bytes, roll, other) => {
  const at = place(bytes, roll)
  return replaced(bytes, at, at + some(bytes, roll, 5000), Buffer.from(run(other, roll, 5000)))
}

const damages = [bitFlips, noise, blank, cut, removal, repetition, splice]

/** A damaged copy of `bytes`, the same for the same seed; pieces of `other` may come into it. */
export const damaged = (bytes: Buffer, other: Buffer, seed: number) => {
  const roll = dice(seed)
  let copy = Buffer.from(bytes)
  for (let left = 1 + roll(2); left > 0 && copy.length > 0; left--)
    copy = Buffer.from(damages[roll(damages.length)](copy, roll, other))
  return copy
}

/** How many damaged copies to try, and the number of the first: that of a copy that failed repeats it. */
export const damagedCopies = () => {
  const { CLIPMILL_DAMAGED = '100', CLIPMILL_DAMAGED_FIRST = '0' } = process.env
  return Array.from({ length: Number(CLIPMILL_DAMAGED) }, (_, i) => Number(CLIPMILL_DAMAGED_FIRST) + i)
}

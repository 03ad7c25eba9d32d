import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crcs } from './crc.ts'

/** S3's additional checksums, as in their headers: `x-amz-checksum-<algorithm>`; their length in bytes. */
const lengths = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 } as const
export type Algorithm = keyof typeof lengths
export const algorithms = Object.keys(lengths) as Algorithm[]
export const isAlgorithm = (name: string): name is Algorithm => Object.hasOwn(lengths, name)

/** Whether `text` is base64 of a checksum of that algorithm. */
export const isChecksum = (algorithm: Algorithm, text: string) =>
  /^[A-Za-z\d+/]+=*$/.test(text) && Buffer.from(text, 'base64').length === lengths[algorithm]

/** Its name in S3's XML. */
export const checksumField = (algorithm: Algorithm) => `Checksum${algorithm.toUpperCase()}`

interface Digest {
  update: (bytes: Uint8Array) => void
  digest: () => Buffer
}

// Reflected CRC tables, one entry a byte; the 64-bit one in two halves, since BigInt is slow.
const table = (polynomial: bigint) => {
  const low = new Uint32Array(256)
  const high = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
    low[byte] = Number(crc & 0xffffffffn)
    high[byte] = Number(crc >> 32n)
  }
  return { low, high }
}
const castagnoli = table(crcs.crc32c.polynomial).low
const nvme = table(crcs.crc64nvme.polynomial)

const words = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32BE(value >>> 0, 4 * i))
  return bytes
}

const crc32Digest = (): Digest => {
  let crc = 0
  return { update: bytes => void (crc = crc32(bytes, crc)), digest: () => words(crc) }
}

const crc32cDigest = (): Digest => {
  let crc = -1
  return {
    update: bytes => {
      for (const byte of bytes) crc = castagnoli[(crc ^ byte) & 255] ^ (crc >>> 8)
    },
    digest: () => words(~crc)
  }
}

const crc64nvmeDigest = (): Digest => {
  let low = -1
  let high = -1
  return {
    update: bytes => {
      for (const byte of bytes) {
        const i = (low ^ byte) & 255
        low = ((low >>> 8) | (high << 24)) ^ nvme.low[i]
        high = (high >>> 8) ^ nvme.high[i]
      }
    },
    digest: () => words(~high, ~low)
  }
}

/** A running checksum; `digest` gives the bytes in network order. */
export const createDigest = (algorithm: Algorithm | 'md5'): Digest => {
  if (algorithm === 'crc32') return crc32Digest()
  if (algorithm === 'crc32c') return crc32cDigest()
  if (algorithm === 'crc64nvme') return crc64nvmeDigest()
  return createHash(algorithm)
}

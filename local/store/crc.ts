/** Cyclic redundancy checks, whose registers start, and end, with all bits inverted, and shift to the right. */

interface Kind {
  /** Bits of the register. */
  width: bigint
  /** Reflected: the highest bit is the factor of x^0. */
  polynomial: bigint
}
/** As S3 names them; their parameters are those of CRC-32/ISO-HDLC, CRC-32/ISCSI and CRC-64/NVME in the CRC catalogue. */
export const crcs = {
  crc32: { width: 32n, polynomial: 0xedb88320n },
  crc32c: { width: 32n, polynomial: 0x82f63b78n },
  crc64nvme: { width: 64n, polynomial: 0x9a6c9329ac4bc9b5n }
} satisfies Record<string, Kind>
export type Crc = keyof typeof crcs

/** a times x, modulo the polynomial over GF(2). */
const timesX = (a: bigint, { polynomial }: Kind) => (a & 1n ? (a >> 1n) ^ polynomial : a >> 1n)

const multiply = (a: bigint, b: bigint, kind: Kind) => {
  let product = 0n
  for (let bit = 1n << (kind.width - 1n); bit; bit >>= 1n) {
    if (a & bit) product ^= b
    b = timesX(b, kind)
  }
  return product
}

/** What `bytes` more bytes multiply a register by: x^(8·bytes), by repeated squaring. */
const shiftOf = (bytes: number, kind: Kind) => {
  let shift = 1n << (kind.width - 1n)
  let square = shift >> 8n
  for (let left = bytes; left; left = Math.floor(left / 2)) {
    if (left % 2) shift = multiply(shift, square, kind)
    square = multiply(square, square, kind)
  }
  return shift
}

/** The CRC of the parts put one behind the other, from that of each (in network order) and its size in bytes. */
export const combineCrcs = (name: Crc, parts: { crc: Buffer; size: number }[]) => {
  const kind = crcs[name]
  const shifts = new Map<number, bigint>()
  let whole = 0n
  for (const { crc, size } of parts) {
    // Parts are of one size, but for the last.
    const shift = shifts.get(size) ?? shiftOf(size, kind)
    shifts.set(size, shift)
    whole = multiply(whole, shift, kind) ^ BigInt(`0x${crc.toString('hex')}`)
  }
  return Buffer.from(whole.toString(16).padStart(Number(kind.width) / 4, '0'), 'hex')
}

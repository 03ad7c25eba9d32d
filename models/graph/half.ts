/** IEEE binary16 and bfloat16, as bits, to and from float32. Halves round to nearest, ties to even. */

const word = new Uint32Array(1)
const real = new Float32Array(word.buffer)

const halfToNumber = (bits: number) => {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const sign = bits & 0x8000 ? -1 : 1
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24)
}
let halves: Float32Array | undefined

export const float16ToFloat32 = (bits: Uint16Array) => {
  const table = (halves ??= Float32Array.from({ length: 65536 }, (_, i) => halfToNumber(i)))
  const values = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]]!
  return values
}

const numberToHalf = (value: number) => {
  real[0] = value
  const sign = (word[0] >>> 16) & 0x8000
  const magnitude = word[0] & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  // 65520 and more round to infinity
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  // below 2^-14 halves are multiples of 2^-24: adding 0.5, whose last bit is 2^-24, rounds to one
  if (magnitude < 0x38800000) {
    real[0] = Math.abs(value) + 0.5
    return sign | (word[0] - 0x3f000000)
  }
  const odd = (magnitude >>> 13) & 1
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13)
}

export const float32ToFloat16 = (values: Float32Array) => {
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++) bits[i] = numberToHalf(values[i])
  return bits
}

export const bfloat16ToFloat32 = (bits: Uint16Array) => {
  const words = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16
  return new Float32Array(words.buffer)
}

export const float32ToBfloat16 = (values: Float32Array) => {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++) {
    const w = words[i]
    // a NaN must not be rounded into infinity
    bits[i] = (w & 0x7fffffff) > 0x7f800000 ? (w >>> 16) | 0x40 : (w + 0x7fff + ((w >>> 16) & 1)) >>> 16
  }
  return bits
}

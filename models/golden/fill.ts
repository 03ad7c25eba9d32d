/** The rules that golden files fill parameters and inputs by: numbers that follow from names. */
import { arrayFrom, sizeOf, type TensorData, type Values } from '../graph/data.ts'
import type { Parameter } from '../graph/graph.ts'

/** FNV-1a, 32 bits, over UTF-8. */
const hash = (name: string) =>
  new TextEncoder().encode(name).reduce((h, byte) => Math.imul(h ^ byte, 0x01000193), 0x811c9dc5) >>> 0

/** murmur3's finaliser. */
const mix = (x: number) => {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** `count` numbers u in [-1, 1), each through `f`, rounded to the array's type. */
const noise = <A extends Float32Array | Uint8Array>(name: string, into: A, f: (u: number) => number): A => {
  const start = hash(name)
  for (let i = 0; i < into.length; i++)
    into[i] = f(mix((start + Math.imul(i, 0x9e3779b9)) >>> 0) / 2 ** 31 - 1)
  return into
}

/** What the rule `fill-1` makes of u for a parameter of this name and shape. */
const fillOf = (name: string, shape: readonly number[]): ((u: number) => number) => {
  if (name.endsWith('running_var')) return u => 1 + 0.5 * u
  if (shape.length <= 1) return name.endsWith('weight') ? u => 1 + 0.1 * u : u => 0.1 * u
  const spread = Math.sqrt(3 / sizeOf(shape.slice(1)))
  return u => u * spread
}

/**
 * Values by the rule `fill-1`, made when they are read.
 * @throws Error for an integer parameter other than `num_batches_tracked`: the rule has no value for it.
 */
export const fill1 = (parameters: readonly Parameter[]): Values => {
  const known = new Map(parameters.map(parameter => [parameter.name, parameter]))
  return {
    read: (name): TensorData => {
      const parameter = known.get(name)
      if (!parameter) throw new Error(`${name} is no parameter`)
      const { dtype, shape } = parameter
      if (name.endsWith('num_batches_tracked')) return { dtype, shape, data: arrayFrom(dtype, [0]) }
      if (dtype !== 'float32') throw new Error(`fill-1 has no value for ${name}, which is ${dtype}`)
      return { dtype, shape, data: noise(name, new Float32Array(sizeOf(shape)), fillOf(name, shape)) }
    }
  }
}

/** A network input by the rule `input-1`, float32. */
export const input1 = (name: string, shape: readonly number[]): TensorData => ({
  dtype: 'float32',
  shape,
  data: noise(name, new Float32Array(sizeOf(shape)), u => 1.7 * u)
})

/** A picture by the rule `input-u8`: 0..255. */
export const inputU8 = (name: string, shape: readonly number[]): TensorData => ({
  dtype: 'uint8',
  shape,
  data: noise(name, new Uint8Array(sizeOf(shape)), u => Math.floor((u + 1) * 128))
})

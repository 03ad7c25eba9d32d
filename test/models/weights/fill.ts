/** The value rule fill-1 of the golden numbers: FNV-1a of the name, then murmur3's finaliser over the index. */
export const fill = (name: string, shape: readonly number[]): number[] => {
  const count = shape.reduce((product, n) => product * n, 1)
  if (name.endsWith('num_batches_tracked')) return Array.from({ length: count }, () => 7)
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  const fan = shape.slice(1).reduce((product, n) => product * n, 1)
  return Array.from({ length: count }, (_, i) => {
    let x = (hash + Math.imul(i, 0x9e3779b9)) >>> 0
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    const u = ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1
    if (name.endsWith('running_var')) return 1 + 0.5 * u
    if (shape.length <= 1) return name.endsWith('weight') ? 1 + 0.1 * u : 0.1 * u
    return u * Math.sqrt(3 / fan)
  })
}

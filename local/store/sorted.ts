// UTF-8 orders by code point; UTF-16 units do too once surrogates (U+10000 and up) are put behind U+E000..U+FFFF.
const rank = (unit: number) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

/** Orders keys as S3 lists them: by the bytes of their UTF-8. Negative, 0 or positive. */
export const compareKeys = (a: string, b: string) => {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference) return difference
  }
  return a.length - b.length
}

/** A map whose keys can be searched in S3's order. */
export class SortedMap<Value> {
  private readonly map = new Map<string, Value>()
  private readonly keys: string[] = []
  private sorted = true

  get(key: string) {
    return this.map.get(key)
  }

  set(key: string, value: Value) {
    if (!this.map.has(key)) {
      this.keys.push(key)
      this.sorted = false
    }
    this.map.set(key, value)
  }

  delete(key: string) {
    if (!this.map.delete(key)) return
    const index = this.search(other => compareKeys(other, key) >= 0)
    this.keys.splice(index, 1)
  }

  values() {
    return this.map.values()
  }

  /** The first key that satisfies `reached`, which must hold for all keys behind it too. */
  first(reached: (key: string) => boolean): string | undefined {
    return this.keys[this.search(reached)]
  }

  private search(reached: (key: string) => boolean) {
    // New keys wait at the end for the next search: merging a few into a sorted list is cheap.
    if (!this.sorted) this.keys.sort(compareKeys)
    this.sorted = true
    let low = 0
    let high = this.keys.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (reached(this.keys[middle])) high = middle
      else low = middle + 1
    }
    return low
  }
}

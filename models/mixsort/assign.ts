interface Assignment {
  /** [row, column], by ascending row. */
  pairs: [row: number, column: number][]
  /** What is left over, ascending. */
  rows: number[]
  columns: number[]
}

/**
 * The one-to-one pairs of rows and columns of `cost` (row-major) that minimise the sum of (cost - limit), so that a
 * pair above the limit is never taken; with a limit far above all costs, as many pairs as the smaller side has.
 * Shortest augmenting paths (Hungarian method), exact, O(n² (n + m)), the same answer every time.
 */
export const assign = (cost: Float64Array, rows: number, columns: number, limit: number): Assignment => {
  const wide = rows <= columns
  const [n, m] = wide ? [rows, columns] : [columns, rows]
  const [down, right] = wide ? [columns, 1] : [1, columns]
  // Columns m+1 .. m+n stand for "no partner" at the price of the limit. Rows and columns count from 1; column 0 is
  // where the row to be placed starts from.
  const width = m + n + 1
  const rowPrice = new Float64Array(n + 1)
  const columnPrice = new Float64Array(width)
  const owner = new Int32Array(width)
  const previous = new Int32Array(width)
  const distance = new Float64Array(width)
  const settled = new Uint8Array(width)

  for (let row = 1; row <= n; row++) {
    owner[0] = row
    distance.fill(Infinity)
    settled.fill(0)
    let at = 0
    while (at === 0 || owner[at] !== 0) {
      settled[at] = 1
      const from = owner[at]
      const base = (from - 1) * down
      let next = 0
      let step = Infinity
      for (let j = 1; j < width; j++) {
        if (settled[j]) continue
        const price = j <= m ? cost[base + (j - 1) * right] : limit
        const reduced = price - rowPrice[from] - columnPrice[j]
        if (reduced < distance[j]) {
          distance[j] = reduced
          previous[j] = at
        }
        if (distance[j] < step) {
          step = distance[j]!
          next = j
        }
      }
      for (let j = 0; j < width; j++) {
        if (settled[j]) {
          rowPrice[owner[j]] += step
          columnPrice[j] -= step
        } else distance[j] -= step
      }
      at = next
    }
    for (; at !== 0; at = previous[at]!) owner[at] = owner[previous[at]]!
  }

  const pairs: [number, number][] = []
  const paired = [new Uint8Array(rows), new Uint8Array(columns)] as const
  for (let j = 1; j <= m; j++) {
    if (!owner[j]) continue
    const pair: [number, number] = wide ? [owner[j] - 1, j - 1] : [j - 1, owner[j] - 1]
    paired[0][pair[0]] = paired[1][pair[1]] = 1
    pairs.push(pair)
  }
  const free = (taken: Uint8Array) => [...taken.keys()].filter(i => !taken[i])
  return { pairs: pairs.sort((a, b) => a[0] - b[0]), rows: free(paired[0]), columns: free(paired[1]) }
}

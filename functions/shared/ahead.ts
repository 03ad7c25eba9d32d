/** How many are asked for before the first is needed: enough to hide a request's way, few enough for any memory. */
export const fewAhead = 8

/** As many as an S3 client has connections: for what is small, and there are many of. */
export const manyAhead = 50

/** `fetch` of each item, in order, some ahead of their use. */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  fetch: (item: Item) => Promise<Result>,
  ahead = fewAhead
) {
  const coming: Promise<Result>[] = []
  for (const item of items) {
    const result = fetch(item)
    // Should the consumer leave early, nobody awaits what was asked for ahead.
    result.catch(() => undefined)
    if (coming.push(result) >= ahead) yield await coming.shift()!
  }
  for (const result of coming) yield await result
}

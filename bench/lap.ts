/** Milliseconds since the last call. */
export const lapTimer = () => {
  let last = performance.now()
  return () => {
    const before = last
    last = performance.now()
    return last - before
  }
}

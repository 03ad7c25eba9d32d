const day = 24 * 3600 * 1000

/**
 * Does some work now and once a day, and lets it fail: the next day tries again.
 * @returns how to stop that; it waits for what is under way.
 */
export const daily = (work: () => Promise<void>) => {
  let working: Promise<void>
  const begin = () => {
    working = work().catch(() => undefined)
  }
  begin()
  const timer = setInterval(begin, day).unref()
  return async () => {
    clearInterval(timer)
    await working
  }
}

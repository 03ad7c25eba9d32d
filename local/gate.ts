/** Lets `count` pieces of work through at a time; the others wait in the order in which they came, or until `signal`. */
export const startGate = (count: number) => {
  let inside = 0
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    if (inside < count) inside++
    else await turn(waiting, signal)
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else inside--
    }
  }
}

/** Resolves once it is taken out of `waiting` and called; rejects, and is no longer among them, once `signal` says so. */
export const turn = (waiting: (() => void)[], signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const leave = () => {
      waiting.splice(waiting.indexOf(enter), 1)
      reject(signal.reason as Error)
    }
    const enter = () => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    signal.throwIfAborted()
    waiting.push(enter)
    signal.addEventListener('abort', leave, { once: true })
  })

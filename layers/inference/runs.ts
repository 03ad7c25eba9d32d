import type { Feeds, Outputs, Session } from './session.ts'

/** Runs of the graphs of one model. */
export interface Runs {
  /** One run; runs of one graph queue up. A graph is opened when it first runs. */
  run: (feeds: Feeds, graph: string) => Promise<Outputs>
  /** Seconds spent within the graphs since. */
  seconds: () => number
}

/** @param open gives a graph's session, which may have run before */
export const openRuns = (open: (graph: string) => Promise<Session>): Runs => {
  const opening = new Map<string, Promise<Session>>()
  const opened: { session: Session; before: number }[] = []
  const begin = async (graph: string) => {
    const session = await open(graph)
    opened.push({ session, before: session.seconds })
    return session
  }
  return {
    run: async (feeds, graph) => {
      const session = opening.get(graph) ?? begin(graph)
      opening.set(graph, session)
      return (await session).run(feeds)
    },
    seconds: () => opened.reduce((sum, { session, before }) => sum + session.seconds - before, 0)
  }
}

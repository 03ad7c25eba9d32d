import { openSession, type Session } from '../../layers/inference/session.ts'
import type { Context } from './context.ts'

const sessions = new Map<string, Promise<Session>>()

/** The process's one session of a graph of a built model, opened at first use, and again should its thread have died. */
export const openGraph = async (
  { models, device }: Context,
  digest: string,
  graph: string,
  threads: number
): Promise<Session> => {
  const name = `${digest}/${graph}/${threads}`
  const known = await sessions.get(name)?.catch(() => undefined)
  if (known?.alive) return known
  const session = models
    .directory(digest)
    .then(directory => openSession(directory, { threads, device, graph }))
  sessions.set(name, session)
  return session
}

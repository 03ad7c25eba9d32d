import { openSession, type Session } from '../../layers/inference/session.ts'
import type { Context } from './context.ts'

const sessions = new Map<string, Promise<Session>>()

/** The process's one session of a built model, opened at first use, and again should its thread have died. */
export const openModel = async ({ models, threads, device }: Context, digest: string): Promise<Session> => {
  const known = await sessions.get(digest)?.catch(() => undefined)
  if (known?.alive) return known
  const session = models.directory(digest).then(directory => openSession(directory, { threads, device }))
  sessions.set(digest, session)
  return session
}

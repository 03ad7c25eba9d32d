import { openSession, type Session } from '../../layers/inference/session.ts'
import type { Context } from './context.ts'

const sessions = new Map<string, Promise<Session>>()

/** The process's one session of a built model, opened at first use. */
export const openModel = ({ models, threads }: Context, digest: string): Promise<Session> => {
  let session = sessions.get(digest)
  if (!session) {
    session = openSession(models.directory(digest), { threads })
    // A failed start must not be kept: the next invocation may find the model whole.
    session.catch(() => sessions.delete(digest))
    sessions.set(digest, session)
  }
  return session
}

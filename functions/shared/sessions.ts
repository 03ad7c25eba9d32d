import { Fault } from '../../events/faults.ts'
import type { ModelRecord } from '../../events/model.ts'
import { openSession, type Session } from '../../layers/inference/session.ts'
import { digestOf } from '../../layers/models/digest.ts'
import type { Context } from './context.ts'

const sessions = new Map<string, Promise<Session>>()

/**
 * The process's one session of a graph of a built model, opened at first use, and again should its thread have died.
 * @throws Fault model-changed where its files are damaged
 */
export const openGraph = async (
  { models, device }: Context,
  { digest, arena }: Pick<ModelRecord, 'digest' | 'arena'>,
  graph: string,
  threads: number
): Promise<Session> => {
  const name = `${digest}/${graph}/${threads}`
  const known = await sessions.get(name)?.catch(() => undefined)
  if (known?.alive) return known
  const session = models.directory(digest).then(async directory => {
    try {
      return await openSession(directory, { threads, device, graph, arena })
    } catch (cause) {
      const found = await digestOf(directory).catch(() => 'none that can be read')
      throw found === digest ? cause : new Fault('model-changed', { model: digest, found }, { cause })
    }
  })
  sessions.set(name, session)
  return session
}

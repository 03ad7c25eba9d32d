import type { Stage } from '../../tasks/define.ts'
import { taskNamed } from '../../tasks/index.ts'
import { inOrder, manyAhead } from './ahead.ts'
import type { Context } from './context.ts'
import { readJob } from './job.ts'
import { keys, segmentOf } from './keys.ts'
import type { Storage } from './storage.ts'

/**
 * Makes a job that ended in part or in failure ready to be walked again: what was given up is wanted again, and what
 * came after it in time, and was therefore made without it, is removed. All else stays and is not made again.
 */
export const reopen = async (context: Pick<Context, 'results'>, id: string) => {
  const { results } = context
  const name = keys(id)
  const missing = await keysUnder(results, name.missings)
  if (missing.length === 0) return
  const first = segmentOf(missing[0])

  const { stages } = taskNamed((await readJob(context, id)).task)
  const firstFold = stages.findIndex(({ kind }) => kind === 'fold')
  const behind = firstFold === -1 ? [] : stages.slice(firstFold)
  const isBackward = (stage: Stage) => stage.kind === 'fold' && stage.backward === true
  for (const [i, stage] of behind.entries()) {
    // What is made anew from `first` on concerns all behind it, and a fold that goes backward the rest.
    const from = behind.slice(0, i + 1).some(isBackward) ? 0 : first
    for (const prefix of [name.rowsOf, name.statesOf, name.timingsOf])
      await removeFrom(results, prefix(stage.name), from)
  }
  await removeFrom(results, name.overlays, behind.some(isBackward) ? 0 : first)
  // The last frame before a gap had none behind it.
  const beforeGap = new Set(missing.map(key => segmentOf(key) - 1))
  for (const { name: made } of stages.filter(({ kind }) => kind === 'pictures'))
    for (const prefix of [name.rowsOf(made), name.madeOf(made), name.timingsOf(made), name.overlays])
      await removeWhere(results, prefix, segment => beforeGap.has(segment))
  // Last: a call that was cut off finds them again.
  await remove(results, missing)
}

/** Removes what lies under a prefix, from one segment on. */
const removeFrom = (results: Storage, prefix: string, first: number) =>
  removeWhere(results, prefix, segment => segment >= first)

const removeWhere = async (results: Storage, prefix: string, isMeant: (segment: number) => boolean) => {
  const found = await keysUnder(results, prefix)
  await remove(
    results,
    found.filter(key => isMeant(segmentOf(key)))
  )
}

const keysUnder = (results: Storage, prefix: string) =>
  Array.fromAsync(results.list(prefix), ({ key }) => key)

const remove = (results: Storage, found: string[]) =>
  Array.fromAsync(inOrder(found, key => results.delete(key), manyAhead))

import { taskNamed } from '../../tasks/index.ts'
import type { Context } from './context.ts'
import { readJob } from './job.ts'
import { keys } from './keys.ts'

/**
 * Makes a job that ended in part or in failure ready to be walked again: what was given up is wanted again, and what
 * came after it in time, and was therefore made without it, is removed. All else stays and is not made again.
 */
export const reopen = async (context: Pick<Context, 'results'>, id: string) => {
  const { results } = context
  const name = keys(id)
  const missing: string[] = []
  for await (const { key } of results.list(name.missings)) missing.push(key)
  if (missing.length === 0) return
  const first = numberOf(missing[0])

  const { stages } = taskNamed((await readJob(context, id)).task)
  const firstFold = stages.findIndex(({ kind }) => kind === 'fold')
  const behind = firstFold === -1 ? [] : stages.slice(firstFold).map(stage => stage.name)
  for (const prefix of [
    ...behind.flatMap(stage => [name.rowsOf(stage), name.statesOf(stage)]),
    name.overlays
  ])
    for await (const { key } of results.list(prefix)) if (numberOf(key) >= first) await results.delete(key)
  // Last: a call that was cut off finds them again.
  for (const key of missing) await results.delete(key)
}

const numberOf = (key: string) => parseInt(key.split('/').at(-1)!)

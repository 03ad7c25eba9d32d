import packageJson from '../../package.json' with { type: 'json' }
import type { Manifest } from '../../events/manifest.ts'
import { actualDollars } from '../cost/estimate.ts'
import { prices } from '../cost/prices.ts'
import { inOrder, manyAhead } from '../shared/ahead.ts'
import type { Context } from '../shared/context.ts'
import type { Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { timing } from '../shared/timing.ts'
import { putNewest } from './newest.ts'
import type { ResultFile } from './result-file.ts'

/** Writes the manifest, the last of a job's results, and answers with its key. */
export const writeManifest = async (
  context: Context,
  work: Work,
  files: ResultFile[],
  { repeated, missing }: Pick<Manifest, 'repeated' | 'missing'>
): Promise<string> => {
  const { job, plan, task } = work
  const key = `${job.results}manifest.json`
  const timings = await sumTimings(context, job.id)
  const cost = costOf(context, work, timings)
  const manifest: Manifest = {
    job,
    clip: plan.clip,
    frames: plan.clip.video.frames,
    repeated,
    missing,
    versions: { clipmill: packageJson.version, node: process.versions.node },
    models: await Promise.all(
      task.stages
        .filter(stage => job.models[stage.name])
        .map(async stage => ({
          stage: stage.name,
          ...(await context.models.describe(job.models[stage.name]))
        }))
    ),
    timings,
    files,
    ...(cost && { cost })
  }
  await context.results.put(key, JSON.stringify(manifest, null, 2), { contentType: 'application/json' })
  await putNewest(context, manifest)
  return key
}

const costOf = ({ cost: basis }: Context, { job, task, plan }: Work, timings: Manifest['timings']) => {
  if (!basis || plan.estimate === undefined) return undefined
  const actual = actualDollars({ task, options: job.options, ...plan }, timings, basis)
  return { currency: prices.currency, prices: prices.date, estimate: plan.estimate, actual }
}

const sumTimings = async ({ results }: Context, id: string): Promise<Manifest['timings']> => {
  const found: string[] = []
  for await (const { key } of results.list(keys(id).timings)) found.push(key)
  const sums = new Map<string, Manifest['timings'][number]>()
  for await (const entry of inOrder(found, key => results.getJson(key, timing), manyAhead)) {
    const { step, seconds, frames, modelSeconds } = entry
    const sum: Manifest['timings'][number] = sums.get(step) ?? { step, seconds: 0, invocations: 0, frames: 0 }
    sum.seconds += seconds
    sum.invocations++
    sum.frames += frames
    if (modelSeconds !== undefined) sum.modelSeconds = (sum.modelSeconds ?? 0) + modelSeconds
    sums.set(step, sum)
  }
  return [...sums.values()]
}

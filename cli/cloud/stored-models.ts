import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { storedModel } from '../../functions/cloud/models.ts'
import type { Storage } from '../../functions/shared/storage.ts'
import { packageRoot } from '../../local/home.ts'
import { tasks } from '../../tasks/index.ts'

const list = z.union([z.array(z.string()), z.string().transform(text => text.split(','))])

/** What of the context (see infra/context.ts) decides which models are built; all else is none of it. */
const request = z.object({
  architecture: z.string().default('arm64'),
  tasks: list.default(Object.keys(tasks)),
  models: list.default([])
})
const assets = z.object({ stored: z.record(z.string(), z.string()) })

/**
 * Folders, by digest, of the models that no layer takes. They stand built, since the app was synthesised.
 * @param context as given after -c, over that of cdk.json
 */
export const storedModels = async (context: string[]): Promise<Record<string, string>> => {
  const cdkJson = z
    .object({ context: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(await readFile(path.join(packageRoot, 'cdk.json'), 'utf8')))
  const given = context.map(value => value.split(/=(.*)/s, 2) as [string, string])
  const wanted = request.parse({ ...cdkJson.context, ...Object.fromEntries(given) })
  // A process of its own, since what deploys is no part of the command line.
  const script = path.join(packageRoot, 'infra/assets/build.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(wanted)])
  return assets.parse(JSON.parse(stdout)).stored
}

/**
 * Puts models into the model store, a part of the results bucket. A file that is there with the same size is left, since
 * its key says what is in it.
 * @returns the keys that were written
 */
export const putModels = async (results: Storage, models: Record<string, string>): Promise<string[]> => {
  const written: string[] = []
  for (const [digest, folder] of Object.entries(models))
    for (const { name, key } of storedModel(digest)) {
      const file = path.join(folder, name)
      const there = await results.head(key)
      if (there?.size === (await stat(file)).size) continue
      if (there) await results.delete(key)
      const contentType = name.endsWith('.json') ? 'application/json' : 'application/octet-stream'
      if ((await results.uploadFile(key, file, { contentType, once: true })) === 'written') written.push(key)
    }
  return written
}

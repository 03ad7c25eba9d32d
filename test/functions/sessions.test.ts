import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { openGraph } from '../../functions/shared/sessions.ts'
import { installBright } from '../tasks/track/bright.ts'
import { makeWorld } from './world.ts'

it('says of a model whose files are damaged that they are not its own', async () => {
  const { context } = await makeWorld()
  const digest = await installBright(context.scratch)
  const folder = path.join(context.scratch, digest)
  const damaged = { ...context, models: { ...context.models, directory: () => Promise.resolve(folder) } }
  await writeFile(path.join(folder, 'search.onnx'), 'half of it')
  await expect(openGraph(damaged, { digest }, 'search', 1)).rejects.toMatchObject({
    code: 'model-changed',
    details: { model: digest }
  })
})

import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { root } from './place.ts'

/** Lays out what the Dockerfile copies: the function as `task`, and below `opt` what functions have from layers. */
export const fillContainer = (folder: string, gpu: string, models: string[]) => {
  mkdirSync(path.join(folder, 'opt/models'), { recursive: true })
  cpSync(path.join(root, 'infra/container'), folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(path.join(root, file), path.join(folder, 'packages', file))
  cpSync(gpu, path.join(folder, 'task'), { recursive: true })
  for (const layer of models) cpSync(layer, path.join(folder, 'opt'), { recursive: true })
}

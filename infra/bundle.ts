import { rm } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'

const root = path.resolve(import.meta.dirname, '..')

/**
 * What is published: the command line and the entries of its processes and threads, each beside the others in `dist/`,
 * since they find each other as siblings. Dependencies stay packages.
 */
await rm(path.join(root, 'dist'), { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: [
    'cli/main.ts',
    'local/worker.ts',
    'layers/inference/session-thread.ts',
    'layers/media/child.ts'
  ],
  entryNames: '[name]',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  target: 'node22.18',
  format: 'esm',
  logLevel: 'warning'
})

import path from 'node:path'
import { build, type Plugin } from 'esbuild'
import { layered } from './layers.ts'
import { root } from './place.ts'

/** The entries of each function's bundle: what Lambda calls, and the processes and threads that it starts beside itself. */
const entries = {
  intake: { index: 'functions/intake/lambda.ts' },
  plan: { index: 'functions/plan/lambda.ts', child: 'layers/media/child.ts' },
  decode: { index: 'functions/decode/lambda.ts', child: 'layers/media/child.ts' },
  infer: {
    index: 'functions/infer/lambda.ts',
    'session-thread': 'layers/inference/session-thread.ts'
  },
  render: { index: 'functions/render/lambda.ts', child: 'layers/media/child.ts' },
  store: { index: 'functions/store/lambda.ts', child: 'layers/media/child.ts' },
  webhook: { index: 'functions/webhook/lambda.ts' },
  'batch-ended': { index: 'functions/batch-ended/lambda.ts' },
  /** For the container image. */
  gpu: {
    index: 'functions/infer/gpu.ts',
    batch: 'functions/infer/batch.ts',
    'session-thread': 'layers/inference/session-thread.ts'
  }
}
export type BundleName = keyof typeof entries
export const bundleNames = Object.keys(entries) as BundleName[]

/** Packages of layers are found by `require` alone: imports of modules do not look into `/opt`. */
const fromLayers: Plugin = {
  name: 'from-layers',
  setup: build => {
    const filter = new RegExp(`^(${layered.join('|')})$`)
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'layer' }))
    build.onLoad({ filter, namespace: 'layer' }, ({ path }) => ({
      contents: `module.exports = fromLayer(${JSON.stringify(path)})`
    }))
  }
}

const banner = `import { createRequire } from 'node:module';
const fromLayer = createRequire(import.meta.url), require = fromLayer;`

/** Bundles a function into `folder`, one `.mjs` for each entry. */
export const bundle = async (name: BundleName, folder: string) => {
  await build({
    absWorkingDir: root,
    entryPoints: entries[name],
    outdir: path.resolve(folder),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    keepNames: true,
    plugins: [fromLayers],
    banner: { js: banner },
    platform: 'node',
    target: 'node22.18',
    format: 'esm',
    logLevel: 'warning',
    legalComments: 'none'
  })
}

import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root, type Architecture } from './place.ts'
import { keyOf } from './settle.ts'

export const packageLayers = ['media', 'inference'] as const
type PackageLayer = (typeof packageLayers)[number]

/**
 * What of each package functions run: its code, and the binaries for one platform. Declarations, source maps and the tools
 * that packages bring for their installation stay out.
 */
const contents = (architecture: Architecture): Record<PackageLayer, Record<string, string[]>> => ({
  media: {
    'node-av': ['package.json', 'LICENSE.md', 'dist'],
    [`@seydx/node-av-linux-${architecture}`]: ['package.json', 'node-av.node']
  },
  inference: {
    'onnxruntime-node': ['package.json', 'dist', `bin/napi-v6/linux/${architecture}`],
    'onnxruntime-common': ['package.json', 'dist/cjs'],
    sharp: ['package.json', 'LICENSE', 'dist', 'node_modules'],
    [`@img/sharp-linux-${architecture}`]: ['package.json', 'index.cjs', 'lib'],
    [`@img/sharp-libvips-linux-${architecture}`]: ['package.json', 'lib', 'versions.json'],
    '@img/colour': ['package.json', 'index.cjs', 'color.cjs'],
    'detect-libc': ['package.json', 'lib']
  }
})

/** Packages that come from layers: bundles leave them out. */
export const layered = ['node-av', 'onnxruntime-node', 'sharp']

/** Lays a layer out as Lambda unpacks it to /opt: packages below `nodejs/node_modules`. */
export const layOut = (layer: PackageLayer, architecture: Architecture, packages: string, folder: string) => {
  for (const [name, parts] of Object.entries(contents(architecture)[layer]))
    for (const part of parts) {
      const to = path.join(folder, 'nodejs/node_modules', name, part)
      mkdirSync(path.dirname(to), { recursive: true })
      cpSync(path.join(packages, name, part), to, { recursive: true, filter: isRun })
    }
}

const isRun = (file: string) => !/\.(d\.[cm]?ts|map|md)$/.test(file) || file.endsWith('LICENSE.md')

/** What a layer holds follows from what is taken of which versions. */
export const layerKey = (layer: PackageLayer, architecture: Architecture) =>
  keyOf(
    readFileSync(path.join(root, 'package-lock.json'), 'utf8'),
    JSON.stringify(contents(architecture)[layer])
  )

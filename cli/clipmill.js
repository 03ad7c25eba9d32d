#!/usr/bin/env node
import module from 'node:module'

// Node runs TypeScript as it is, but not below node_modules: there, the bundle made for it runs.
const bundled = import.meta.url.includes('/node_modules/')
const needed = bundled ? [22, 18] : [24, 0]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `clipmill needs Node ${needed.join('.')} or newer and this is ${process.version}; it brings its own: start it with "npx clipmill" in its folder.`
  )
  process.exit(2)
}
// Compiled code is kept between runs, which halves the start.
module.enableCompileCache()
const { main } = bundled ? await import('../dist/main.js') : await import('./main.ts')
await main(process.argv)

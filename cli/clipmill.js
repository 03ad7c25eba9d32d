#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `clipmill needs Node 22.18 or newer and this is ${process.version}; it brings its own: start it with "npx clipmill" in its folder.`
  )
  process.exit(2)
}
// Node runs TypeScript as it is, but not below node_modules: there, the bundle made for it runs.
const { main } = await import(import.meta.url.includes('/node_modules/') ? '../dist/main.js' : './main.ts')
await main(process.argv)

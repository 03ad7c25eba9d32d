#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `clipmill needs Node 22.18 or newer and this is ${process.version}; it brings its own: start it with "npx clipmill" in its folder.`
  )
  process.exit(2)
}
const { main } = await import('./main.ts')
await main(process.argv)

import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'

/** Lambda takes 250 MB unzipped, layers and function together; what is near that is found here, not at deployment. */
const largest = 200e6

/** Bytes of all files in a folder. */
export const sizeOf = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0)

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

/**
 * Prints what each function has with its layers, unzipped.
 * @param folders of each function: its own, and its layers
 * @throws Error where one is too large
 */
export const checkSizes = (folders: Record<string, string[]>) => {
  const sizes = Object.entries(folders).map(([name, all]) => ({ name, parts: all.map(sizeOf) }))
  const total = (parts: number[]) => parts.reduce((sum, part) => sum + part, 0)
  for (const { name, parts } of sizes) {
    const [own, ...layers] = parts
    process.stderr.write(
      `${name.padEnd(24)} ${megabytes(total(parts)).padStart(6)} MB: ${megabytes(own)} its own, ${megabytes(total(layers))} in layers\n`
    )
  }
  for (const { name, parts } of sizes)
    if (total(parts) > largest)
      throw new Error(
        `${name} has ${megabytes(total(parts))} MB with its layers; above ${megabytes(largest)} it is not deployed, since Lambda takes no more than 250 MB`
      )
}

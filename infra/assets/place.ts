import path from 'node:path'

/** CPU architectures of Lambda, by Node's names. */
export type Architecture = 'arm64' | 'x64'

/** The project's folder. */
export const root = path.resolve(import.meta.dirname, '../..')

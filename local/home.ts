import { homedir } from 'node:os'
import path from 'node:path'

/** The package's own folder: weights and demo clip lie there. */
export const packageRoot = path.resolve(import.meta.dirname, '..')

/** Where built models and unfinished work are kept: CLIPMILL_HOME, else the user's cache folder. */
export const clipmillHome = () =>
  process.env.CLIPMILL_HOME ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'clipmill')

/** Finds the state dict in what a checkpoint holds. */

import { Instance, Global, Bytes } from './pickle.ts'
import { StoredTensor } from './tensor.ts'

interface Tensors {
  tensors: Map<string, StoredTensor>
  /** names of tensors of a kind that is not read: quantised, sparse, … */
  unread: string[]
}

interface StateDict extends Tensors {
  /** dotted keys to where it is in the file, '' at the top */
  under: string
}

const maxDepth = 4
// of modules in a module, and of names: beyond any network
const maxModules = 64
const maxVisits = 200_000
const maxKey = 200
const maxName = 1000

/**
 * All dicts and modules with tensors, down to a few levels, the one with the most tensors first. What stands in several
 * places is listed under each, and searched once.
 */
export const stateDictsIn = (root: unknown): StateDict[] => {
  const found: StateDict[] = []
  const seen = new Map<unknown, Tensors>()
  const visit = { left: maxVisits }
  const queue: { keys: string[]; value: unknown }[] = [{ keys: [], value: root }]
  for (const { keys, value } of queue) {
    if (visit.left-- <= 0) break
    const before = seen.get(value)
    const tensors = before ?? tensorsOf(value, visit)
    seen.set(value, tensors)
    if (sizeOf(tensors)) found.push({ under: keys.join('.'), ...tensors })
    if (!before && !isModule(value) && keys.length < maxDepth)
      for (const [key, part] of entriesOf(value))
        if (queue.length < maxVisits && isKey(key) && isContainer(part))
          queue.push({ keys: [...keys, String(key)], value: part })
  }
  return found.sort((a, b) => sizeOf(b) - sizeOf(a))
}

const sizeOf = ({ tensors, unread }: Tensors) => tensors.size + unread.length

/** The tensors directly in a dict, or anywhere in a module. */
const tensorsOf = (value: unknown, visit: { left: number }): Tensors => {
  const parts: [string, unknown][] = []
  if (isModule(value)) collect(value, '', 0, visit, parts)
  else for (const [key, part] of entriesOf(value)) if (typeof key === 'string') parts.push([key, part])
  const tensors = parts.filter((part): part is [string, StoredTensor] => part[1] instanceof StoredTensor)
  const unread = parts.filter(([, part]) => isUnread(part)).map(([name]) => name)
  return { tensors: new Map(tensors), unread }
}

const isKey = (key: unknown) => (typeof key === 'string' && key.length <= maxKey) || typeof key === 'number'
const isContainer = (value: unknown) => value instanceof Map || value instanceof Instance

const entriesOf = (value: unknown): ReadonlyMap<unknown, unknown> =>
  value instanceof Map ? value : (value instanceof Instance && value.entries) || new Map()

const isUnread = (value: unknown) =>
  value instanceof Instance && value.name.startsWith('torch._utils._rebuild_')

const isTorchScript = (value: Instance) => value.name.startsWith('__torch__.')

const isModule = (value: unknown): value is Instance =>
  value instanceof Instance &&
  value.state instanceof Map &&
  (isTorchScript(value) || value.state.has('_parameters') || value.state.has('_modules'))

/** The tensors of a module under the names that its state_dict() would give them. */
const collect = (
  module: Instance,
  prefix: string,
  depth: number,
  visit: { left: number },
  parts: [string, unknown][]
) => {
  if (depth > maxModules) return
  const state = module.state as Map<unknown, unknown>
  const within = (key: string): ReadonlyMap<unknown, unknown> => {
    const part = state.get(key)
    return part instanceof Map ? part : new Map()
  }
  const transient = transientOf(state.get('_non_persistent_buffers_set'))
  // a scripted module keeps parameters, buffers and submodules as plain attributes
  const groups = isTorchScript(module)
    ? [state]
    : [within('_parameters'), within('_buffers'), within('_modules')]
  for (const group of groups)
    for (const [key, part] of group) {
      if (visit.left-- <= 0) return
      if (typeof key !== 'string' || transient.has(key) || prefix.length + key.length > maxName) continue
      if (isModule(part)) collect(part, `${prefix}${key}.`, depth + 1, visit, parts)
      else parts.push([prefix + key, part])
    }
}

/** Python's set of names: `set([names])` */
const transientOf = (set: unknown) =>
  new Set<unknown>(set instanceof Instance && Array.isArray(set.args[0]) ? set.args[0] : [])

/** The common prefix that DistributedDataParallel adds, or ''. */
export const wrapperOf = (names: readonly string[]) =>
  names.every(name => name.startsWith('module.')) ? 'module.' : ''

const longest = 60

/** A few words on a value, without control characters. */
export const describe = (value: unknown): string => {
  if (value === null || value === undefined) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value === 'string')
    return shown(JSON.stringify(value.length > longest ? `${value.slice(0, longest)}…` : value))
  if (typeof value === 'number' || typeof value === 'bigint') return String(value).slice(0, longest)
  if (value instanceof StoredTensor) return `${value.dtype} tensor [${value.shape.join(', ')}]`
  if (value instanceof Map) return `dict of ${value.size}`
  if (Array.isArray(value)) return `list of ${value.length}`
  if (value instanceof Bytes) return `${value.length} bytes`
  if (value instanceof Global || value instanceof Instance) return shown(value.name)
  return 'a storage'
}

/** A text of the file as it can be shown on a terminal. */
export const shown = (text: string) => text.replace(/\p{C}/gu, '�')

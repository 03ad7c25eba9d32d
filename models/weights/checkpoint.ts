import { Fault } from '../../events/faults.ts'
import type { StoredDType } from './dtypes.ts'
import type { SourceFile } from './file.ts'
import { openSource } from './file.ts'
import { Instance } from './pickle.ts'
import { readSafetensors } from './safetensors.ts'
import { describe, shown, stateDictsIn, wrapperOf } from './state-dict.ts'
import type { StoredData } from './tensor.ts'
import { readTensor } from './tensor.ts'
import { readTorchLegacy, readTorchZip } from './torch.ts'

export interface StoredInfo {
  readonly name: string
  readonly dtype: StoredDType
  readonly shape: readonly number[]
}

/** An open checkpoint: what it holds is known, its tensors are read one by one when asked for. */
export interface Checkpoint extends Disposable {
  readonly file: string
  /** bytes */
  readonly size: number
  readonly format: 'pytorch-zip' | 'pytorch-legacy' | 'torchscript' | 'safetensors'
  /** where in the file the state dict is: dotted keys, '' at the top */
  readonly under: string
  /** the prefix that all names have in the file and do not have here: 'module.' or '' */
  readonly stripped: string
  /** what stands beside the state dict, in a few words each */
  readonly others: readonly { key: string; is: string }[]
  /** classes and functions that the file names; none was looked up or run */
  readonly named: readonly string[]
  /** in the file's order */
  tensors(): readonly StoredInfo[]
  /** The tensor, row-major. Throws weights-unreadable where its bytes are damaged. */
  read(name: string): StoredData
}

/**
 * Opens a checkpoint (PyTorch's zip and legacy containers, TorchScript archives, safetensors). Only its directory is
 * read; nothing in it is run. Of several state dicts, the one with the most tensors is taken, or the one `under` the
 * dotted keys.
 *
 * Throws weights-unopenable, weights-unreadable, weights-unsupported, weights-web-page, weights-key-unknown.
 */
export const openCheckpoint = (path: string, { under }: { under?: string | undefined } = {}): Checkpoint => {
  const file = openSource(path)
  try {
    const contents = readContents(file)
    const dicts = stateDictsIn(contents.root)
    if (!dicts[0]) throw file.damaged('it holds no tensors')
    const dict = under === undefined ? dicts[0] : dicts.find(one => one.under === under)
    if (!dict)
      throw new Fault('weights-key-unknown', { file: path, under: under!, keys: dicts.map(one => one.under) })
    if (dict.unread[0])
      throw file.unsupported(
        `${JSON.stringify(dict.unread[0])} is a quantised, sparse or otherwise special tensor`
      )

    const stripped = wrapperOf([...dict.tensors.keys()])
    const tensors = new Map([...dict.tensors].map(([name, tensor]) => [name.slice(stripped.length), tensor]))
    return {
      file: path,
      size: file.size,
      format: contents.format,
      under: dict.under,
      stripped,
      others: othersIn(contents.root, dict.under, dict.tensors),
      named: [...contents.named].filter(name => !isHarmless(name)).map(shown),
      tensors: () => [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      read: name => {
        const tensor = tensors.get(name)
        if (!tensor) throw new Error(`${path} has no tensor ${name}`)
        return readTensor(file, tensor, contents.swapped)
      },
      [Symbol.dispose]: () => file.close()
    }
  } catch (error) {
    file.close()
    throw error
  }
}

const readContents = (file: SourceFile) => {
  const head = Buffer.from(file.read(0, Math.min(file.size, 512))).toString('latin1')
  if (head === '') throw file.damaged('it is empty')
  if (head.startsWith('PK\x03\x04')) return readTorchZip(file)
  // before pickles: a header's length may begin with the same byte
  if (head[8] === '{') {
    const { tensors, metadata } = readSafetensors(file)
    const root = new Map<string, unknown>([...Object.entries(metadata), ...tensors])
    return { format: 'safetensors' as const, root, named: new Set<string>(), swapped: false }
  }
  if (head.startsWith('\x80')) return readTorchLegacy(file)
  if (/^\s*<(!doctype|html|head|\?xml)/i.test(head)) throw new Fault('weights-web-page', { file: file.path })
  if (head.startsWith('version https://git-lfs'))
    throw file.damaged('it is a pointer of Git LFS, which stands for the file: fetch it with git lfs pull')
  if (head.slice(257, 262) === 'ustar') throw file.unsupported('it is a tar archive')
  throw file.damaged('it begins like none of the known formats')
}

const maxOthers = 100

const othersIn = (root: unknown, under: string, tensors: ReadonlyMap<unknown, unknown>) => {
  if (root instanceof Instance && under === '') return [{ key: '', is: describe(root) }]
  const entries = root instanceof Map ? root : root instanceof Instance ? root.entries : undefined
  return [...(entries ?? [])]
    .filter(([key]) =>
      under === '' ? !tensors.has(key) : String(key) !== under && !under.startsWith(`${key}.`)
    )
    .slice(0, maxOthers)
    .map(([key, value]) => ({ key: shown(String(key)), is: describe(value) }))
}

/** Of Python and PyTorch themselves, and only data. */
const isHarmless = (name: string) =>
  /^collections\.(OrderedDict|defaultdict|Counter)$/.test(name) ||
  /^builtins\.(set|frozenset|complex|bytearray|slice|x?range|dict|list|tuple|int|float|bool|str|object)$/.test(
    name
  ) ||
  /^torch\.(Size|device|dtype|\w*Storage|(cuda|storage)\.\w*Storage|b?float\d+|u?int\d+|bool|complex\d+)$/.test(
    name
  ) ||
  /^torch\._(utils|tensor)\._rebuild_\w+$/.test(name) ||
  /^torch\.jit\._pickle\.\w+$/.test(name) ||
  ['_codecs.encode', 'copyreg._reconstructor', 'argparse.Namespace', 'torch.nn.parameter.Parameter'].includes(
    name
  )

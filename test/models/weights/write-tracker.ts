/** Checkpoints in the layouts of authors: filled by rule, of single object trackers with objects of their classes. */
import { fill1 } from '../../../models/golden/index.ts'
import { bytesOf, stridesOf } from '../../../models/graph/data.ts'
import type { Parameter } from '../../../models/graph/graph.ts'
import { dict, global, pickle, tensor, text, writeZip, type Content } from './write-torch.ts'

const storages: Readonly<Record<string, string>> = {
  float32: 'torch.FloatStorage',
  int64: 'torch.LongStorage'
}

/** `cls.__new__(cls)` with a `__dict__`; naively unpickled, it would need the authors' code. */
const instance = (name: string, state: Record<string, Uint8Array>) =>
  Buffer.concat([global(name), Buffer.from(')\x81', 'latin1'), dict(state), Buffer.from('b')])

/**
 * @param bare without anything around the state dict
 * @param prefix of all names, as DistributedDataParallel has it
 */
export const writeTracker = (
  file: string,
  parameters: readonly Parameter[],
  { bare = false, prefix = '' } = {}
) => {
  const values = fill1(parameters)
  const contents: [string, Content][] = []
  const tensors = parameters.map(({ name, dtype, shape }, i): [string, Uint8Array] => {
    contents.push([`archive/data/${i}`, bytesOf(values.read(name))])
    const elements = shape.reduce((product, n) => product * n, 1)
    const strides = stridesOf(shape)
    return [
      prefix + name,
      tensor({ storage: storages[dtype], key: String(i), elements, shape: [...shape], strides })
    ]
  })
  const net = dict(Object.fromEntries(tensors))
  const root = bare
    ? net
    : dict({
        net_type: text('MixFormer'),
        net,
        optimizer: dict({ state: dict({}) }),
        stats: instance('lib.train.admin.stats.AverageMeter', { name: text('Loss') }),
        settings: instance('lib.train.admin.settings.Settings', { script_name: text('tracker') })
      })
  return writeZip(file, [['archive/data.pkl', pickle(root)], ...contents])
}

import { Fault } from '../../events/faults.ts'
import type { Checkpoint } from './checkpoint.ts'

/** What binding needs of a checkpoint. */
export type Tensors = Pick<Checkpoint, 'file' | 'tensors' | 'read'>

/**
 * The checkpoint's tensors under other names; those for which `nameOf` gives undefined are left out. For authors' files
 * that hold more than the network (a head of the pre-training) or name it differently (`backbone.`).
 * Throws weights-unreadable where two get the same name.
 */
export const renamed = (checkpoint: Tensors, nameOf: (name: string) => string | undefined): Tensors => {
  const { file } = checkpoint
  const originals = new Map<string, string>()
  const tensors = checkpoint.tensors().flatMap(tensor => {
    const name = nameOf(tensor.name)
    if (name === undefined) return []
    const other = originals.get(name)
    if (other !== undefined)
      throw new Fault('weights-unreadable', { file, reason: `${other} and ${tensor.name} are both ${name}` })
    originals.set(name, tensor.name)
    return { ...tensor, name }
  })
  return {
    file,
    tensors: () => tensors,
    read: name => {
      const original = originals.get(name)
      if (original === undefined) throw new Error(`there is no tensor ${name}`)
      return checkpoint.read(original)
    }
  }
}

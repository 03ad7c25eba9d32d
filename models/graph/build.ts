/** `build` and the scopes in which a network declares its inputs and parameters. */
import { current, input, Tensor, unique } from './builder.ts'
import { construct } from './construct.ts'
import type { DType } from './data.ts'
import type { Shape } from './dim.ts'
import type { Graph } from './graph.ts'
import { fail } from './operator.ts'

const declare = (name: string) =>
  current().names.has(name) ? fail(`${name} is declared twice`) : unique(name)

/** A place in the network, whose path is the authors' name for it: what is declared here gets checkpoint keys. */
export class Scope {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** The place `name` within this one; lists count 0, 1, 2. */
  at(name: string | number) {
    return new Scope(this.#key(String(name)))
  }

  /** A tensor that the checkpoint holds under this path and `name`. */
  param(name: string, shape: readonly number[], dtype: DType = 'float32'): Tensor {
    const key = declare(this.#key(name))
    const tensor = new Tensor(key, { dtype, shape }, this.path, true)
    current().parameters.push({ name: key, dtype, shape })
    return tensor
  }

  /** A tensor that is fed at run time. */
  input(name: string, dtype: DType, shape: Shape): Tensor {
    return input(declare(name), dtype, shape)
  }

  #key(name: string) {
    return this.path ? `${this.path}.${name}` : name
  }
}

/**
 * The graph that `network` describes; its outputs are called by the keys of what it returns. Synchronous.
 * @throws ShapeError where shapes, types or names do not go together.
 */
export const build = (network: (scope: Scope) => Readonly<Record<string, Tensor>>): Graph =>
  construct(() => network(new Scope('')))

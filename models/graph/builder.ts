/** The graph under construction, the symbolic tensors that it is made of, and the calls that extend it. */
import { arrayFrom, sizeOf, type DType, type TensorData } from './data.ts'
import { equal, multipleOfSymbol, Polynomial, show, substitute, type Dim, type Shape } from './dim.ts'
import type { Parameter } from './graph.ts'
import { few, infer, typesOf } from './infer.ts'
import { operators } from './operators/index.ts'
import {
  expectWhole,
  fail,
  isInteger,
  resolve,
  ShapeError,
  type AttributeValue,
  type Fact
} from './operator.ts'

/**
 * What a call takes: a tensor, or numbers that become a shared constant of the type that the other operands have (a
 * list becomes a vector). Sizes may be symbolic: what computes them at run time is added to the graph.
 */
export type Operand = Tensor | Dim | Shape

/** A value of the graph under construction. */
export class Tensor implements Fact {
  name: string
  readonly dtype: DType
  readonly shape: Shape
  readonly contents: readonly Dim[] | undefined
  /** The scope that it belongs to, for names and messages. */
  readonly path: string
  readonly isParameter: boolean

  constructor(name: string, fact: Fact, path = '', isParameter = false) {
    expectWhole(`a size of ${name}`, fact.shape)
    this.name = name
    this.dtype = fact.dtype
    this.shape = fact.shape
    this.contents = fact.contents
    this.path = path
    this.isParameter = isParameter
  }

  add(other: Operand) {
    return call('Add', [this, other])
  }
  sub(other: Operand) {
    return call('Sub', [this, other])
  }
  mul(other: Operand) {
    return call('Mul', [this, other])
  }
  div(other: Operand) {
    return call('Div', [this, other])
  }
  matMul(other: Operand) {
    return call('MatMul', [this, other])
  }
  /** One size may be -1: it follows from the others. */
  reshape(shape: Shape) {
    return call('Reshape', [this, reshapeTarget(this.shape, shape)])
  }
  /** Axis i of the result is axis perm[i] of this. */
  transpose(perm: readonly number[]) {
    return call('Transpose', [this], { perm })
  }
  cast(to: DType) {
    return call('Cast', [this], { to })
  }
}

/** What a graph and its subgraphs share. */
export interface Root {
  readonly names: Set<string>
  readonly parameters: Parameter[]
  readonly constants: Map<string, { tensor: Tensor; value: TensorData }>
  /** Tensors that a finished subgraph calls by their names. */
  readonly pinned: Set<Tensor>
}

export interface Builder extends Root {
  readonly inputs: Tensor[]
  readonly nodes: {
    op: string
    name: string
    inputs: readonly (Tensor | undefined)[]
    outputs: readonly Tensor[]
    attributes: Readonly<Record<string, AttributeValue>>
  }[]
  /** For each symbol a tensor and axis whose size is a multiple of it: there its value can be read at run time. */
  readonly carriers: Map<string, { tensor: Tensor; axis: number; factor: number }>
  /** Symbolic sizes that are computed already. */
  readonly sizes: Map<string, Tensor>
}

// Calls do not name the graph: they extend the one under construction. Building is synchronous.
let underConstruction: Builder | undefined

export const outer = () => underConstruction

export const current = (): Builder => {
  if (!underConstruction) throw new Error('tensors are made inside build() only')
  return underConstruction
}

/** Runs `body` with `builder` as the graph under construction. */
export const within = <T>(builder: Builder, body: () => T): T => {
  const before = underConstruction
  underConstruction = builder
  try {
    return body()
  } finally {
    underConstruction = before
  }
}

/** `wanted`, or with a number behind it where that is taken. */
export const unique = (wanted: string) => {
  const { names } = current()
  let name = wanted
  for (let n = 1; names.has(name); n++) name = `${wanted}.${n}`
  names.add(name)
  return name
}

/** A value that exists at run time, from which sizes can be read. */
const register = (tensor: Tensor) => {
  const { carriers } = current()
  tensor.shape.forEach((size, axis) => {
    const [symbol, factor] = multipleOfSymbol(size) ?? []
    if (symbol !== undefined && !carriers.has(symbol)) carriers.set(symbol, { tensor, axis, factor: factor! })
  })
  return tensor
}

/** @param name taken from `unique` */
export const input = (name: string, dtype: DType, shape: Shape): Tensor => {
  const tensor = register(new Tensor(name, { dtype, shape }))
  current().inputs.push(tensor)
  return tensor
}

/**
 * A constant, row-major; equal small ones are one.
 * @throws ShapeError where the numbers do not fill the shape, and for fractions where the type is an integer.
 */
export const constant = (dtype: DType, shape: readonly number[], numbers: ArrayLike<number>): Tensor => {
  const { constants } = current()
  if (isInteger(dtype)) expectWhole(`a number of type ${dtype}`, numbers)
  const value = { dtype, shape, data: arrayFrom(dtype, numbers) }
  if (numbers.length !== sizeOf(shape)) fail(`${numbers.length} numbers do not fill ${show(shape)}`)
  const small = numbers.length <= few
  const key = small ? `${dtype} ${show(shape)} ${value.data.join()}` : `large ${constants.size}`
  const shared = constants.get(key)
  if (shared) return shared.tensor
  const contents = small && shape.length <= 1 ? Array.from(numbers) : undefined
  const tensor = new Tensor(unique(`constant.${constants.size}`), { dtype, shape, contents })
  constants.set(key, { tensor, value })
  return tensor
}

/** The size as an int64 scalar, computed at run time where it is symbolic. */
const sizeTensor = (size: Dim): Tensor => {
  if (typeof size === 'number') return constant('int64', [], [size])
  const { carriers, sizes } = current()
  const computed = sizes.get(size.text)
  if (computed) return computed
  const tensor = substitute(size, {
    number: n => constant('int64', [], [n]),
    plus: (a: Tensor, b) => a.add(b),
    times: (a: Tensor, b) => a.mul(b),
    symbol: name => {
      const { tensor: from, axis, factor } = carriers.get(name) ?? fail(`no tensor has the size ${name}`)
      const scalar = call('Squeeze', [call('Shape', [from], { start: axis, end: axis + 1 })])
      return factor === 1 ? scalar : scalar.div(factor)
    }
  })
  sizes.set(size.text, tensor)
  return tensor
}

const isNumeric = (d: Dim) => typeof d === 'number'

/** The operand as a tensor; numbers as one of `dtype`. */
const tensorOf = (operand: Operand, dtype: DType): Tensor => {
  if (operand instanceof Tensor) return operand
  if (operand instanceof Polynomial || typeof operand === 'number') {
    if (typeof operand === 'number') return constant(dtype, [], [operand])
    return dtype === 'int64' ? sizeTensor(operand) : sizeTensor(operand).cast(dtype)
  }
  if (operand.every(isNumeric)) return constant(dtype, [operand.length], operand)
  const sizes = operand.map(size => call('Unsqueeze', [sizeTensor(size), [0]]))
  const vector = call('Concat', [sizes], { axis: 0 })
  return dtype === 'int64' ? vector : vector.cast(dtype)
}

/** `to` in Reshape's own terms where they suffice, 0 for a size that stays and -1 for one that follows. */
const reshapeTarget = (from: Shape, to: Shape): Shape => {
  const target = to.map((size, i) => (!isNumeric(size) && equal(size, from[i] ?? -1) ? 0 : size))
  const symbolic = target.flatMap((size, i) => (isNumeric(size) ? [] : [i]))
  return symbolic.length === 1 && !target.includes(-1) ? target.with(symbolic[0], -1) : target
}

/** One entry for each of the operator's operands: a list where the operator takes one. */
export type Operands = readonly (Operand | readonly Operand[] | undefined)[]
type Given = Readonly<Record<string, AttributeValue | undefined>>

/** The result of an operator that has one. */
const call = (op: string, operands: Operands, attributes?: Given) => apply(op, operands, attributes)[0]

const isTensor = (operand: unknown) => operand instanceof Tensor

/**
 * Adds a node and gives its results.
 * @throws ShapeError that names the operator, the parameter or scope, and what does not go together.
 */
export const apply = (name: string, operands: Operands, given: Given = {}): Tensor[] => {
  const tensors = operands.flat().filter(isTensor)
  const parameter = tensors.find(tensor => tensor.isParameter)
  const path = (parameter ?? tensors.find(tensor => tensor.path))?.path ?? ''
  try {
    return addNode(name, operands, given, path)
  } catch (error) {
    // One with a cause comes from a call within this one, and names its own place.
    if (!(error instanceof ShapeError) || error.cause) throw error
    const place = parameter?.name ?? path
    throw new ShapeError(`${name}${place && ` at ${place}`}: ${error.message}`, { cause: error })
  }
}

const addNode = (name: string, operands: Operands, given: Given, path: string): Tensor[] => {
  const op = operators[name]
  const attributes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const odd = Object.keys(attributes).find(attribute => !(attribute in op.attributes))
  if (odd !== undefined) fail(`there is no attribute ${odd}`)
  for (const [attribute, { kind, presence }] of Object.entries(op.attributes)) {
    const value = attributes[attribute]
    if (value === undefined && presence === 'required') fail(`the attribute ${attribute} is missing`)
    if (kind === 'int' || kind === 'ints')
      expectWhole(`the attribute ${attribute}`, [value ?? []].flat() as number[])
  }

  const typeOf = typesOf(
    op,
    op.operands.map((_, i) => [operands[i]].flat().filter(isTensor))
  )
  const inputs = op.operands.map(({ name: operand, type, list, optional }, i) => {
    const value = operands[i]
    if (value === undefined) return optional ? undefined : fail(`${operand} is missing`)
    return list
      ? (value as readonly Operand[]).map(item => tensorOf(item, typeOf(type)))
      : tensorOf(value as Operand, typeOf(type))
  })

  const node = unique(path ? `${path}/${name}` : name)
  const outputs = infer(op, inputs, resolve(op, attributes), typeOf).map((fact, i) =>
    register(new Tensor(unique(`${node}:${i}`), fact, path))
  )
  const last = inputs.findLastIndex(value => value !== undefined)
  current().nodes.push({
    op: name,
    name: node,
    inputs: inputs.slice(0, last + 1).flat(),
    outputs,
    attributes: attributes as Record<string, AttributeValue>
  })
  return outputs
}

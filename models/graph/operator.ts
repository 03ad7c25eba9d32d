/**
 * What an ONNX operator is: a signature, attributes, a rule for the shapes of its results and, where it can be
 * computed while building, an evaluator. Everything that is known of an operator stands in its one entry.
 */
import type { DType, TensorData } from './data.ts'
import type { Dim, Shape } from './dim.ts'
import type { Graph } from './graph.ts'

/** What is known of a value while building. */
export interface Fact {
  readonly dtype: DType
  readonly shape: Shape
  /** The elements, where they are known and few: sizes on their way into a Reshape, say. */
  readonly contents?: readonly Dim[] | undefined
}

/** A mistake in the network's definition: shapes, types or attributes that do not go together. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

export const fail = (message: string): never => {
  throw new ShapeError(message)
}

/** @throws ShapeError that names the first that is a fraction or endless. */
export const expectWhole = (what: string, numbers: ArrayLike<Dim>) => {
  for (let i = 0; i < numbers.length; i++) {
    const n = numbers[i]
    if (typeof n === 'number' && !Number.isInteger(n)) fail(`${what} is ${n}, no whole number`)
  }
}

// Attributes

interface AttributeKinds {
  int: number
  float: number
  string: string
  ints: readonly number[]
  dtype: DType
  tensor: TensorData
  graph: Graph
}
export type AttributeValue = AttributeKinds[keyof AttributeKinds]
type Presence = 'required' | 'defaulted' | 'optional'

interface Attribute<T = AttributeValue, P extends Presence = Presence> {
  readonly kind: keyof AttributeKinds
  readonly presence: P
  readonly default: T | undefined
}
type Attributes = Readonly<Record<string, Attribute>>

/** An attribute of `kind`: `int()` must be given, `int(1)` has a default, `int(null)` may be absent. */
const attribute = <K extends keyof AttributeKinds>(kind: K) => {
  type T = AttributeKinds[K]
  function make(): Attribute<T, 'required'>
  function make(absent: null): Attribute<T, 'optional'>
  function make(value: T): Attribute<T, 'defaulted'>
  function make(value?: T | null): Attribute<T> {
    const presence = value === undefined ? 'required' : value === null ? 'optional' : 'defaulted'
    return { kind, presence, default: value ?? undefined }
  }
  return make
}
export const int = attribute('int')
export const float = attribute('float')
export const string = attribute('string')
export const ints = attribute('ints')
export const dtype = attribute('dtype')
export const tensor = attribute('tensor')
export const graph = attribute('graph')

/** Attributes as a shape rule sees them. */
type Resolved<A extends Attributes> = {
  readonly [K in keyof A]: A[K] extends Attribute<infer T, infer P>
    ? P extends 'optional'
      ? T | undefined
      : T
    : never
}

/** Attributes as a caller gives them. */
type Given<A extends Attributes> = {
  readonly [K in keyof A as A[K] extends Attribute<unknown, 'required'> ? K : never]: ValueOf<A[K]>
} & {
  readonly [K in keyof A as A[K] extends Attribute<unknown, 'required'> ? never : K]?:
    ValueOf<A[K]> | undefined
}
type ValueOf<A> = A extends Attribute<infer T> ? T : never

// Signatures: 'X:T, W:T, B?:T -> Y:T' names operands and results with their types. `?` marks an operand that may be
// left out, `...` one that is a list; a type is a variable of the entry's `types`, or an element type itself.

type Split<S extends string> = S extends `${infer Head}, ${infer Rest}` ? [Head, ...Split<Rest>] : [S]
type OperandsOf<S extends string> = S extends `${infer I} -> ${string}` ? Split<I> : []
type ResultsOf<S extends string> = S extends `${string} -> ${infer O}` ? Split<O> : []
type IsList<P> = P extends `...${string}` ? true : false
type IsOptional<P> = P extends `${string}?:${string}` ? true : false

/** The operands of a call as a tuple of T. */
type Tuple<P extends string[], T> = P extends [infer Head, ...infer Rest extends string[]]
  ? [
      ...(IsList<Head> extends true ? [readonly T[]] : IsOptional<Head> extends true ? [T | undefined] : [T]),
      ...Tuple<Rest, T>
    ]
  : []

/** The same for a caller, who may stop before any optional operand. */
type Calls<P extends string[], T> = P extends [...infer Most extends string[], infer Last]
  ? Tuple<P, T> | (IsOptional<Last> extends true ? Calls<Most, T> : never)
  : []

type Results<R extends string[], T> = R extends [`...${string}`]
  ? T[]
  : R extends [string]
    ? T
    : { [K in keyof R]: T }

/** The function that an entry becomes. */
export type Callable<O, Operand, T> =
  O extends Operator<infer S, infer A>
    ? (
        ...args: Partial<Given<A>> extends Given<A>
          ? [...Calls<OperandsOf<S>, Operand>, attributes?: Given<A>]
          : [...Calls<OperandsOf<S>, Operand>, attributes: Given<A>]
      ) => Results<ResultsOf<S>, T>
    : never

/** Elements in row-major order, as evaluators see them; a `symbolic` evaluator also meets polynomials. */
export interface Elements {
  readonly shape: readonly number[]
  readonly data: ArrayLike<Dim>
}

interface Definition<S extends string, A extends Attributes> {
  /** Whose operator it is, where it is not one of ONNX's. */
  domain?: string
  /** Type variables: what they may stand for; a bare number becomes the first where no tensor says otherwise. */
  types?: Readonly<Record<string, readonly DType[]>>
  attributes?: A
  /** Shapes of the results; throws ShapeError. */
  shape: (operands: Tuple<OperandsOf<S>, Fact>, attributes: Resolved<A>) => Results<ResultsOf<S>, Shape>
  /** Types of the results where the signature does not say them. */
  dtypes?: (operands: Tuple<OperandsOf<S>, Fact>, attributes: Resolved<A>) => DType[]
  /** Known elements of the only result. */
  contents?: (operands: Tuple<OperandsOf<S>, Fact>, attributes: Resolved<A>) => Dim[]
  /** The results' elements, computed in float64; numbers in, numbers out. */
  evaluate?: (
    operands: (Elements | undefined)[],
    attributes: Resolved<A>,
    results: Fact[]
  ) => ArrayLike<Dim>[]
  /** The evaluator serves sizes that are polynomials, too. */
  symbolic?: true
}

interface Port {
  readonly name: string
  readonly type: string
  readonly optional: boolean
  readonly list: boolean
}

interface Operator<S extends string = string, A extends Attributes = Attributes> extends Definition<S, A> {
  readonly signature: S
  readonly operands: readonly Port[]
  readonly results: readonly Port[]
  readonly attributes: A
}

const portsOf = (ports: string): Port[] =>
  ports.split(', ').map(port => {
    const [, list, name, optional, type] = /^(\.\.\.)?(\w+)(\?)?:(\w+)$/.exec(port)!
    return { name: name, type: type, optional: optional !== undefined, list: list !== undefined }
  })

/** One entry of the table. */
// The type of no attributes at all is meant.
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type
export const operator = <const S extends string, A extends Attributes = Pick<Attributes, never>>(
  signature: S,
  definition: Definition<S, A>
): Operator<S, A> => {
  const [operands, results] = signature.split(' -> ').map(portsOf) as [Port[], Port[]]
  return { ...definition, signature, operands, results, attributes: definition.attributes ?? ({} as A) }
}

/** An entry as passes and the builder see it: any operands, any attributes. */
export interface AnyOperator {
  readonly domain?: string
  readonly operands: readonly Port[]
  readonly results: readonly Port[]
  readonly attributes: Attributes
  readonly types?: Readonly<Record<string, readonly DType[]>>
  readonly symbolic?: true
  shape: (operands: unknown, attributes: unknown) => Shape | Shape[]
  dtypes?: (operands: unknown, attributes: unknown) => DType[]
  contents?: (operands: unknown, attributes: unknown) => Dim[]
  evaluate?: (operands: (Elements | undefined)[], attributes: unknown, results: Fact[]) => ArrayLike<Dim>[]
}

/** Given attributes with the defaults of the others. */
export const resolve = (op: AnyOperator, given: Readonly<Record<string, AttributeValue | undefined>>) =>
  Object.fromEntries(Object.entries(op.attributes).map(([name, a]) => [name, given[name] ?? a.default]))

// Families of element types

export const floats = ['float32', 'float64', 'float16', 'bfloat16'] as const satisfies DType[]
const integers = ['int64', 'int32', 'int16', 'int8', 'uint8', 'uint16'] as const satisfies DType[]
export const numbers = [...floats, ...integers] as const
export const anything = [...numbers, 'bool'] as const
export const isInteger = (type: DType) => !(floats as readonly DType[]).includes(type)

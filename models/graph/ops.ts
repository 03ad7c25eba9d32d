/**
 * Every operator of the table as a function with its ONNX name in camelCase: `conv(x, w, b, { strides: [2, 2] })`.
 * Operands that a call may leave out may be left out at the end, lists of operands are arrays, attributes have
 * ONNX's names and defaults.
 */
import { apply, constant, input, unique, type Operand, type Operands, type Tensor } from './builder.ts'
import { construct } from './construct.ts'
import { operators, plainOperators } from './operators/index.ts'
import { fail, type AnyOperator, type AttributeValue, type Callable } from './operator.ts'

type Ops = {
  [K in keyof typeof plainOperators as Uncapitalize<K>]: Callable<(typeof plainOperators)[K], Operand, Tensor>
}

type Given = Readonly<Record<string, AttributeValue | undefined>>
const isAttributes = (argument: unknown): argument is Given =>
  typeof argument === 'object' && Object.getPrototypeOf(argument) === Object.prototype

const callable =
  (name: string, op: AnyOperator) =>
  (...args: unknown[]) => {
    const given = isAttributes(args.at(-1)) ? (args.pop() as Given) : {}
    const results = apply(name, args as Operands, given)
    return op.results.length === 1 && !op.results[0].list ? results[0] : results
  }

const camelCase = (name: string) => name[0].toLowerCase() + name.slice(1)

export const ops = Object.fromEntries(
  Object.keys(plainOperators).map(name => [camelCase(name), callable(name, operators[name])])
) as unknown as Ops

type Branch = () => readonly Tensor[]

/** If: the results of one branch or the other, which may use all tensors around them. */
export const ifElse = (condition: Operand, then: Branch, otherwise: Branch): Tensor[] =>
  apply('If', [condition], { then_branch: construct(then), else_branch: construct(otherwise) })

interface Iteration {
  /** Whether to go on; left out, all iterations run. */
  condition?: Tensor
  states: readonly Tensor[]
  /** Stacked over the iterations along a new first axis. */
  rows?: readonly Tensor[]
}

/**
 * Loop: `body(iteration, states)` runs `count` times, or while its condition holds.
 * @returns the last states, then the stacked rows.
 * @throws ShapeError where there is neither, since it would never end
 */
export const loop = (
  count: Operand | undefined,
  initial: readonly Tensor[],
  body: (iteration: Tensor, states: Tensor[]) => Iteration
): Tensor[] => {
  let conditional = false
  const graph = construct(() => {
    const iteration = input(unique('iteration'), 'int64', [])
    const condition = input(unique('condition'), 'bool', [])
    const states = initial.map(({ dtype, shape }) => input(unique('state'), dtype, shape))
    const next = body(iteration, states)
    conditional = next.condition !== undefined
    return [next.condition ?? condition, ...next.states, ...(next.rows ?? [])]
  })
  if (count === undefined && !conditional) fail('a loop needs a count or a condition')
  return apply('Loop', [count, conditional ? constant('bool', [], [1]) : undefined, initial], { body: graph })
}

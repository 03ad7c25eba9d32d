/** What an operator's entry says of a call's operands and results. */
import type { DType } from './data.ts'
import type { Shape } from './dim.ts'
import { fail, type AnyOperator, type Fact } from './operator.ts'

/** Elements of constants up to this number are followed while building: sizes, axes, scales. */
export const few = 64

/** The type variable that stands for another type in each operand of a list. */
const free = 'V'

/**
 * The type of each operand, by what is known of some: one list for each of the entry's operands.
 * @throws ShapeError
 */
export const typesOf = (op: AnyOperator, given: readonly (readonly Fact[])[]): ((type: string) => DType) => {
  const bound = new Map<string, DType>()
  for (const [i, { name, type }] of op.operands.entries()) {
    if (type === free) continue
    const allowed = op.types?.[type] ?? [type as DType]
    for (const { dtype } of given[i]) {
      const expected = bound.get(type)
      if (expected && dtype !== expected) fail(`${name} is ${dtype}, not ${expected}`)
      if (!allowed.includes(dtype)) fail(`${name} is ${dtype}, not ${allowed.join(' or ')}`)
      bound.set(type, dtype)
    }
  }
  return type => bound.get(type) ?? op.types?.[type]?.[0] ?? (type as DType)
}

/**
 * Facts of the results. `operands` has an entry, or a list, for each of the operator's operands.
 * @throws ShapeError
 */
export const infer = (
  op: AnyOperator,
  operands: readonly (Fact | readonly Fact[] | undefined)[],
  attributes: unknown,
  typeOf: (type: string) => DType
): Fact[] => {
  const inferred = op.shape(operands, attributes)
  const [first, ...others] = op.results
  const single = others.length === 0 && !first.list
  const shapes = single ? [inferred as Shape] : (inferred as Shape[])
  const dtypes = op.dtypes?.(operands, attributes)
  const facts = shapes.map((shape, i) => ({
    dtype: dtypes?.[i] ?? typeOf((op.results[i] ?? first).type),
    shape
  }))
  return single ? [{ ...facts[0], contents: contentsOf(op, operands, attributes, facts[0]) }] : facts
}

/** The elements of a small result where they follow from those of the operands. */
const contentsOf = (
  op: AnyOperator,
  operands: readonly (Fact | readonly Fact[] | undefined)[],
  attributes: unknown,
  result: Fact
) => {
  if (op.contents) return op.contents(operands, attributes)
  const [count = 1] = result.shape
  if (!op.symbolic || result.shape.length > 1 || typeof count !== 'number' || count > few) return undefined
  const flat: (Fact | undefined)[] = operands.flat()
  if (flat.some(operand => operand && !operand.contents)) return undefined
  const elements = flat.map(o => o && { shape: o.shape as readonly number[], data: o.contents! })
  return Array.from(op.evaluate!(elements, attributes, [result])[0])
}

/**
 * Sizes that may be symbolic. A `Dim` is a number or a polynomial with integer coefficients in named symbols, each
 * of which stands for a whole number: of at least 1 where the network names it, of at least the bound that is known
 * of it where it stands for a minimum or a quotient. Two sizes are equal when their canonical forms are.
 */
import { fail } from './operator.ts'

export type Dim = number | Polynomial
export type Shape = readonly Dim[]

/** A product of symbols, sorted and joined; '' is the constant term. */
type Monomial = string
const separator = '\0'
const symbolsOf = (m: Monomial) => (m ? m.split(separator) : [])
const product = (a: Monomial, b: Monomial) => [...symbolsOf(a), ...symbolsOf(b)].sort().join(separator)

/** a / b, or undefined where b has a symbol that a lacks. */
const quotient = (a: Monomial, b: Monomial) => {
  const rest = symbolsOf(a)
  for (const symbol of symbolsOf(b)) {
    const at = rest.indexOf(symbol)
    if (at < 0) return undefined
    rest.splice(at, 1)
  }
  return rest.join(separator)
}

/** Graded lexicographic order, highest first: a monomial order, so that division ends. */
const byDegree = (a: Monomial, b: Monomial) =>
  symbolsOf(b).length - symbolsOf(a).length || (a < b ? -1 : a > b ? 1 : 0)

export class Polynomial {
  readonly terms: ReadonlyMap<Monomial, number>
  readonly text: string

  constructor(terms: ReadonlyMap<Monomial, number>) {
    this.terms = new Map([...terms].sort(([a], [b]) => byDegree(a, b)))
    this.text = [...this.terms]
      .map(([m, c]) =>
        m === '' ? `${c}` : `${c === 1 ? '' : c === -1 ? '-' : `${c}*`}${symbolsOf(m).join('*')}`
      )
      .join(' + ')
      .replaceAll('+ -', '- ')
  }
  plus(other: Dim) {
    return plus(this, other)
  }
  times(other: Dim) {
    return times(this, other)
  }
  toString() {
    return this.text
  }
}

/** A symbolic size, at least 1. */
export const dim = (name: string) => new Polynomial(new Map([[name, 1]]))

const termsOf = (d: Dim): ReadonlyMap<Monomial, number> =>
  typeof d === 'number' ? new Map([['', d]]) : d.terms

const canonical = (terms: Map<Monomial, number>): Dim => {
  for (const [m, c] of terms) if (c === 0) terms.delete(m)
  if (terms.size === 0) return 0
  return terms.size === 1 && terms.has('') ? terms.get('')! : new Polynomial(terms)
}

export const plus = (a: Dim, b: Dim): Dim => {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  const terms = new Map(termsOf(a))
  for (const [m, c] of termsOf(b)) terms.set(m, (terms.get(m) ?? 0) + c)
  return canonical(terms)
}

export const times = (a: Dim, b: Dim): Dim => {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  const terms = new Map<Monomial, number>()
  for (const [m, c] of termsOf(a))
    for (const [n, d] of termsOf(b)) {
      const mn = product(m, n)
      terms.set(mn, (terms.get(mn) ?? 0) + c * d)
    }
  return canonical(terms)
}

export const minus = (a: Dim, b: Dim): Dim => plus(a, times(-1, b))

export const equal = (a: Dim, b: Dim) => a === b || String(a) === String(b)

/** a / b where that is a polynomial again, else undefined; undefined for b = 0, too. */
export const divideExactly = (a: Dim, b: Dim): Dim | undefined => {
  if (equal(b, 0)) return undefined
  const [[lead, coefficient] = ['', 0]] = termsOf(b)
  let result: Dim = 0
  let rest = a
  while (!equal(rest, 0)) {
    const [[m, c] = ['', 0]] = termsOf(rest)
    const q = quotient(m, lead)
    if (q === undefined || c % coefficient) return undefined
    const term = canonical(new Map([[q, c / coefficient]]))
    result = plus(result, term)
    rest = minus(rest, times(term, b))
  }
  return result
}

/**
 * floor(a / b), b positive; where it is no polynomial, a symbol of its own named after the expression.
 * @throws ShapeError for b = 0
 */
export const floorDivide = (a: Dim, b: Dim): Dim => {
  if (equal(b, 0)) fail(`${String(a)} is divided by 0`)
  const exact = divideExactly(a, b)
  if (exact !== undefined) return exact
  if (typeof b !== 'number') return invented(`floor((${String(a)})/(${String(b)}))`, Math.min(0, atLeast(a)))
  // floor((b q + r) / b) = q + floor(r / b)
  const whole = canonical(new Map([...termsOf(a)].map(([m, c]) => [m, Math.floor(c / b)])))
  const rest = minus(a, times(whole, b))
  return plus(
    whole,
    typeof rest === 'number'
      ? Math.floor(rest / b)
      : invented(`floor((${rest.text})/${b})`, Math.floor(atLeast(rest) / b))
  )
}

export const ceilDivide = (a: Dim, b: Dim): Dim => floorDivide(plus(a, minus(b, 1)), b)

/** Lower bounds of invented symbols, by name: the name is the expression, so it has one bound in every graph. */
const bounds = new Map<string, number>()

/** A symbol for what is no polynomial, at least `bound`. */
export const invented = (name: string, bound: number) => {
  bounds.set(name, bound)
  return dim(name)
}

/** A bound from below. */
export const atLeast = (d: Dim) => {
  let bound = 0
  for (const [m, c] of termsOf(d)) {
    const factors = symbolsOf(m).map(symbol => bounds.get(symbol) ?? 1)
    const bounded = m === '' || (c > 0 && (factors.length === 1 || factors.every(factor => factor >= 0)))
    bound += bounded ? factors.reduce((a, b) => a * b, c) : -Infinity
  }
  return bound
}

/** The smaller of two sizes, where that can be told, else a symbol of its own. */
export const smaller = (a: Dim, b: Dim): Dim =>
  atLeast(minus(b, a)) >= 0
    ? a
    : atLeast(minus(a, b)) >= 0
      ? b
      : invented(`min(${[String(a), String(b)].sort().join(', ')})`, Math.min(atLeast(a), atLeast(b)))

export const larger = (a: Dim, b: Dim): Dim => minus(plus(a, b), smaller(a, b))

export const sizeOfShape = (shape: Shape) => shape.reduce<Dim>(times, 1)

/** The symbol and factor where `d` is a multiple of a single symbol. */
export const multipleOfSymbol = (d: Dim): [symbol: string, factor: number] | undefined => {
  const [[m, c] = ['', 0], ...others] = termsOf(d)
  return others.length === 0 && symbolsOf(m).length === 1 ? [m, c] : undefined
}

/** The value of `d` in another ring: symbols and numbers are given there, with its sum and product. */
export const substitute = <T>(
  d: Dim,
  ring: {
    symbol: (name: string) => T
    number: (n: number) => T
    plus: (a: T, b: T) => T
    times: (a: T, b: T) => T
  }
): T =>
  [...termsOf(d)]
    .map(([m, c]) => {
      const factors = symbolsOf(m).map(ring.symbol)
      return (factors.length === 0 || c !== 1 ? [ring.number(c), ...factors] : factors).reduce(ring.times)
    })
    .reduce(ring.plus)

/** As in `[1, 64, 4*h, 4*w]`. */
export const show = (shape: Shape) => `[${shape.map(String).join(', ')}]`

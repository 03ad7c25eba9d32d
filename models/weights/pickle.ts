/**
 * Reads a pickle (protocols 0 to 5, the opcodes of CPython's pickletools.py) without running anything: containers,
 * numbers and texts become values; every class and function that the pickle names is only remembered by name.
 */

import type { Cursor } from './cursor.ts'
import type { SourceFile } from './file.ts'

/** A class or function that the pickle names, e.g. 'torch.FloatStorage'. */
export class Global {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** What calling a class or function would have given: nothing was called. */
export class Instance {
  readonly name: string
  readonly args: unknown[]
  /** what its __setstate__ would have got */
  state: unknown
  /** what was set on it as on a dict */
  entries: Map<unknown, unknown> | undefined
  constructor(name: string, args: unknown[]) {
    this.name = name
    this.args = args
  }
}

/** Bytes, or a text too long to be a name: passed over. */
export class Bytes {
  readonly length: number
  constructor(length: number) {
    this.length = length
  }
}

export interface PickleWorld {
  /** What stands for calls of these, by the callee's name; all other calls become Instances. */
  calls: ReadonlyMap<string, (args: unknown[]) => unknown>
  /** What stands for a persistent id: in checkpoints, a storage. */
  persistent: (id: unknown) => unknown
  /** Gets the name of every class and function that the pickle names. */
  named: Set<string>
}

// Real checkpoints stay far below: some 50 operations a tensor, a mark for each level of nesting. Dicts and long texts
// count for as many operations as their memory is worth.
const maxOperations = 5_000_000
const operationsPerDict = 10
const charactersPerOperation = 16
const maxMarks = 1000
const maxNames = 10_000
const maxText = 2 ** 16
const maxLine = 1000
const maxIntegerBytes = 256

/**
 * Reads one pickle and leaves the cursor behind it. None is null; tuples and lists are arrays; dicts are Maps;
 * integers beyond 2^53 are bigints. Throws weights-unreadable for everything that is not a pickle of bounded size.
 */
export const readPickle = (file: SourceFile, cursor: Cursor, world: PickleWorld): unknown => {
  const malformed = () => file.damaged('its pickle is malformed')
  let operations = 0
  const spend = (n: number) => {
    operations += n
    if (operations > maxOperations) throw file.damaged('its pickle is larger than that of any checkpoint')
  }

  let stack: unknown[] = []
  const outer: unknown[][] = []
  const memo = new Map<number, unknown>()

  const pop = () => {
    if (stack.length === 0) throw malformed()
    return stack.pop()
  }
  const top = () => {
    if (stack.length === 0) throw malformed()
    return stack[stack.length - 1]
  }
  const push = (value: unknown) => {
    stack.push(value)
  }
  const mark = () => {
    if (outer.length === maxMarks) throw file.damaged(`its pickle is nested more than ${maxMarks} deep`)
    outer.push(stack)
    stack = []
  }
  /** All above the last mark. */
  const popMark = () => {
    const above = stack
    const below = outer.pop()
    if (!below) throw malformed()
    stack = below
    return above
  }

  const emptyDict = () => {
    spend(operationsPerDict)
    return new Map<unknown, unknown>()
  }
  const setItems = (items: unknown[]) => {
    const target = top()
    const map = target instanceof Instance ? (target.entries ??= emptyDict()) : target
    if (!(map instanceof Map) || items.length % 2) throw malformed()
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1])
  }
  const append = (items: unknown[]) => {
    const target = top()
    // elements of an unknown class of lists or sets are of no use
    if (target instanceof Instance) return
    if (!Array.isArray(target)) throw malformed()
    for (const item of items) target.push(item)
  }
  const dict = (items: unknown[]) => {
    push(emptyDict())
    setItems(items)
  }

  const text = (length: number, encoding: BufferEncoding = 'utf8') => {
    if (length > maxText) return bytes(length)
    spend(length / charactersPerOperation)
    const view = cursor.take(length)
    push(Buffer.from(view.buffer, view.byteOffset, length).toString(encoding))
  }
  const bytes = (length: number) => {
    cursor.skip(length)
    push(new Bytes(length))
  }
  /** Little-endian two's complement. */
  const integer = (length: number) => {
    if (length < 0 || length > maxIntegerBytes) throw malformed()
    if (length === 0) return push(0)
    spend(length / charactersPerOperation)
    const digits = Buffer.from(cursor.take(length)).reverse().toString('hex')
    push(plain(BigInt.asIntN(8 * length, BigInt(`0x${digits}`))))
  }
  const decimal = (line: string) => {
    if (!/^[+-]?\d+L?$/.test(line)) throw malformed()
    return plain(BigInt(line.replace(/L$|^\+/g, '')))
  }
  const line = () => {
    const read = cursor.line(maxLine)
    spend(read.length / charactersPerOperation)
    return read
  }

  const global = (module: unknown, name: unknown) => {
    if (typeof module !== 'string' || typeof name !== 'string') throw malformed()
    // Python 2's names of the same modules
    const full = `${module.replace(/^__builtin__$/, 'builtins').replace(/^copy_reg$/, 'copyreg')}.${name}`
    world.named.add(full)
    if (world.named.size > maxNames) throw file.damaged(`its pickle names more than ${maxNames} classes`)
    return new Global(full)
  }
  const call = (callee: unknown, args: unknown) => {
    if (!Array.isArray(args)) throw malformed()
    const name = callee instanceof Global ? callee.name : '(a computed function)'
    if (mappings.has(name)) return mappingOf(args[0])
    // (class, base, state) of protocols 0 and 1
    if (name === 'copyreg._reconstructor') return call(args[0], [])
    return world.calls.get(name)?.(args) ?? new Instance(name, args)
  }
  /** An OrderedDict may be made from its pairs (Python 2). */
  const mappingOf = (pairs: unknown) => {
    if (!Array.isArray(pairs)) return emptyDict()
    spend(operationsPerDict + pairs.length)
    return new Map(
      pairs.filter((pair): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2)
    )
  }
  const popReversed = (count: number) => Array.from({ length: count }, pop).reverse()

  const operationsByCode: Record<string, () => void> = {
    // protocol and framing
    '\x80': () => cursor.skip(1),
    '\x95': () => cursor.skip(8),
    // the stack
    '(': mark,
    '0': () => (stack.length ? pop() : popMark()),
    '1': popMark,
    '2': () => push(top()),
    // constants
    N: () => push(null),
    '\x88': () => push(true),
    '\x89': () => push(false),
    I: () => {
      const digits = line()
      push(digits === '00' ? false : digits === '01' ? true : decimal(digits))
    },
    L: () => push(decimal(line())),
    J: () => push(cursor.i32()),
    K: () => push(cursor.u8()),
    M: () => push(cursor.u16()),
    '\x8a': () => integer(cursor.u8()),
    '\x8b': () => integer(cursor.i32()),
    F: () => push(Number(line())),
    G: () => push(cursor.f64()),
    // texts; Python 2's byte strings are read as Latin-1
    S: () => push(line().replace(/^(['"])(.*)\1$/, '$2')),
    V: () =>
      push(line().replace(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))),
    T: () => text(cursor.u32(), 'latin1'),
    U: () => text(cursor.u8(), 'latin1'),
    X: () => text(cursor.u32()),
    '\x8c': () => text(cursor.u8()),
    '\x8d': () => text(cursor.u64()),
    B: () => bytes(cursor.u32()),
    C: () => bytes(cursor.u8()),
    '\x8e': () => bytes(cursor.u64()),
    '\x96': () => bytes(cursor.u64()),
    // tuples, lists, dicts, sets
    ')': () => push([]),
    t: () => push(popMark()),
    '\x85': () => push(popReversed(1)),
    '\x86': () => push(popReversed(2)),
    '\x87': () => push(popReversed(3)),
    ']': () => push([]),
    l: () => push(popMark()),
    a: () => append([pop()]),
    e: () => append(popMark()),
    '}': () => push(emptyDict()),
    d: () => dict(popMark()),
    s: () => setItems(popReversed(2)),
    u: () => setItems(popMark()),
    '\x8f': () => push(new Instance('builtins.set', [[]])),
    '\x90': () => {
      const items = popMark()
      const set = top()
      if (!(set instanceof Instance)) throw malformed()
      set.args[0] = items
    },
    '\x91': () => push(new Instance('builtins.frozenset', [popMark()])),
    // the memo
    p: () => memo.set(Number(line()), top()),
    q: () => memo.set(cursor.u8(), top()),
    r: () => memo.set(cursor.u32(), top()),
    '\x94': () => memo.set(memo.size, top()),
    g: () => recall(Number(line())),
    h: () => recall(cursor.u8()),
    j: () => recall(cursor.u32()),
    // classes and calls
    c: () => push(global(line(), line())),
    '\x93': () => {
      const [module, name] = popReversed(2)
      push(global(module, name))
    },
    R: () => {
      const [callee, args] = popReversed(2)
      push(call(callee, args))
    },
    '\x81': () => {
      const [cls, args] = popReversed(2)
      push(call(cls, args))
    },
    '\x92': () => {
      const [cls, args] = popReversed(3)
      push(call(cls, args))
    },
    i: () => {
      const cls = global(line(), line())
      push(call(cls, popMark()))
    },
    o: () => {
      const [cls, ...args] = popMark()
      push(call(cls, args))
    },
    b: () => {
      const state = pop()
      const target = top()
      // the attributes of a dict, such as a state dict's _metadata, are of no use
      if (target instanceof Instance) target.state = state
    },
    Q: () => push(world.persistent(pop())),
    P: () => push(world.persistent(line()))
  }
  const recall = (index: number) => {
    if (!memo.has(index)) throw malformed()
    push(memo.get(index))
  }

  for (;;) {
    const code = String.fromCharCode(cursor.u8())
    if (code === '.') return pop()
    const operation = operationsByCode[code]
    if (!operation) throw malformed()
    spend(1)
    operation()
  }
}

const mappings = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'builtins.dict'
])

const plain = (n: bigint) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)

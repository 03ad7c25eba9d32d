/**
 * Everything that can go wrong without being a bug of ours, in one table: the stable code, the exit code of the
 * command line, whether trying again can help, what is wrong and what to do next. Decide on codes, never on texts.
 */

/** Exit codes of the command line; 1 is kept for our own bugs, 130 for Ctrl-C. */
export const exits = { usage: 2, input: 3, model: 4, temporary: 5, limit: 6, partial: 7, cloud: 8 } as const

interface Kind<Details> {
  exit: (typeof exits)[keyof typeof exits]
  /** Trying the same again can help: the chain's retries read this. */
  retry?: true
  says: (details: Details) => string
  next: (details: Details) => string
}
const kind = <Details>(k: Kind<Details>) => k

export const faults = {
  // what a person asked for
  'task-unknown': kind({
    exit: exits.usage,
    says: (d: { task: string; tasks: string[] }) => `there is no task "${d.task}"`,
    next: d => `choose one of: ${d.tasks.join(', ')}`
  }),
  'options-invalid': kind({
    exit: exits.usage,
    says: (d: { task: string; problems: string[] }) => `${d.task}: ${d.problems.join('; ')}`,
    next: d => `see the options with: clipmill run ${d.task} --help`
  }),

  // checkpoints
  'weights-unreadable': kind({
    exit: exits.model,
    says: (d: { file: string; reason: string }) => `${d.file} cannot be read as a checkpoint: ${d.reason}`,
    next: () =>
      'get the file again from its source; PyTorch .pth/.pt/.tar (zip or legacy) and .safetensors are read'
  }),
  'weights-mismatch': kind({
    exit: exits.model,
    says: (d: { file: string; variant: string; missing: string[]; unused: string[]; misshapen: string[] }) =>
      `${d.file} does not fit ${d.variant}: ${[
        listed('missing', d.missing),
        listed('unused', d.unused),
        listed('of another shape', d.misshapen)
      ]
        .filter(Boolean)
        .join('; ')}`,
    next: d => `check that the file was trained as ${d.variant}: clipmill models inspect ${d.file}`
  })
}

const listed = (what: string, names: string[]) =>
  names.length && `${names.length} ${what} (${names.slice(0, 4).join(', ')}${names.length > 4 ? ', …' : ''})`

export type FaultCode = keyof typeof faults
export type FaultDetails<Code extends FaultCode> = Parameters<(typeof faults)[Code]['says']>[0]

/** A fault as it crosses a process or a network. */
export interface FaultRecord {
  code: string
  message: string
  next: string
  details: Record<string, unknown>
}

/** An expected failure: `new Fault('task-unknown', { task, tasks })`. Its `name` is its code, which is what retry rules match. */
export class Fault<Code extends FaultCode = FaultCode> extends Error {
  readonly code: Code
  readonly details: FaultDetails<Code>

  constructor(code: Code, details: FaultDetails<Code>, options?: ErrorOptions) {
    super((faults[code] as Kind<FaultDetails<Code>>).says(details), options)
    this.name = code
    this.code = code
    this.details = details
  }

  private get kind() {
    return faults[this.code] as Kind<FaultDetails<Code>>
  }
  get next() {
    return this.kind.next(this.details)
  }
  get exit() {
    return this.kind.exit
  }
  get retry() {
    return this.kind.retry ?? false
  }

  toJSON(): FaultRecord {
    return { code: this.code, message: this.message, next: this.next, details: this.details }
  }

  /** The fault that `record` was made from, or undefined where no fault of this version has that code. */
  static from(record: { code: string; details: Record<string, unknown> }): Fault | undefined {
    return record.code in faults
      ? new Fault(record.code as FaultCode, record.details as FaultDetails<FaultCode>)
      : undefined
  }
}

import { CommanderError, type Command } from 'commander'
import { Fault } from '../events/faults.ts'

/** What the commands of one call of the command line share. */
export interface Shell {
  /** Whether `--json` was given: result on stdout as JSON, nothing else there. */
  json: boolean
  /** Exit code of the process. */
  exit: number
  /** Aborts at the first Ctrl-C; the second one leaves at once. */
  interruptible: () => AbortSignal
}

export const openShell = (json: boolean): Shell => ({
  json,
  exit: 0,
  interruptible: () => {
    const interrupted = new AbortController()
    const interrupt = () => {
      if (interrupted.signal.aborted) process.exit(130)
      interrupted.abort(new Error('interrupted'))
    }
    process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
    return interrupted.signal
  }
})

/**
 * The fault that ended a command; commander's word on wrong usage is one too. undefined where it only gave help.
 * @param command whose help tells of right usage
 */
export const faultOf = (error: unknown, command?: string): Fault | undefined => {
  if (isUsageFault(error)) return new Fault('usage-wrong', { ...error.details, command })
  if (!(error instanceof CommanderError)) return Fault.of(error)
  if (error.exitCode === 0) return undefined
  const problem =
    error.code === 'commander.help'
      ? 'a command is missing'
      : error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  return new Fault('usage-wrong', { problem, command })
}

const isUsageFault = (error: unknown): error is Fault<'usage-wrong'> =>
  error instanceof Fault && error.code === 'usage-wrong'

/** The command that words of the command line begin with, e.g. `jobs ls`; empty where they begin with none. */
export const commandIn = ({ commands }: Command, [word, ...others]: string[]): string => {
  const command = commands.find(one => one.name() === word)
  return command ? `${word} ${commandIn(command, others)}`.trimEnd() : ''
}

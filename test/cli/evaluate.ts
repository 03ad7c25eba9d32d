import { Command } from 'commander'
import { expect, onTestFinished, vi } from 'vitest'
import { addEval } from '../../cli/eval.ts'
import type { Shell } from '../../cli/shell.ts'

/** What `clipmill eval` prints. */
export const evaluate = async (...args: string[]) => {
  let printed = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(chunk => {
    printed += String(chunk)
    return true
  })
  onTestFinished(() => write.mockRestore())
  const json = args.includes('--json')
  const shell: Shell = { json, exit: -1, interruptible: () => new AbortController().signal }
  const program = new Command('clipmill').exitOverride().configureOutput({ writeErr: () => undefined })
  addEval(program, shell)
  await program.parseAsync(['node', 'clipmill', 'eval', ...args])
  expect(shell.exit).toBe(0)
  return printed
}

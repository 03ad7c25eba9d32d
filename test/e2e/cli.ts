import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'

export const root = path.resolve(import.meta.dirname, '../..')
export const street = path.join(root, 'media/street.mp4')

/** A folder that goes with the test. */
export const temporaryFolder = () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'clipmill-e2e-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts the command line as a person would, with a cache folder of its own; `home` lets two runs share one. */
export const start = (args: string[], { home = temporaryFolder() }: { home?: string } = {}) => {
  const child = spawn(process.execPath, [path.join(root, 'cli/clipmill.js'), ...args], {
    cwd: root,
    env: { ...process.env, ORT_DISABLE_TELEMETRY: undefined, CLIPMILL_HOME: home, HOME: home, NO_COLOR: '1' }
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const ended = new Promise<{ exit: number | null; stdout: string; stderr: string }>(resolve => {
    child.once('close', exit => resolve({ exit, ...output }))
  })
  /** Resolves once the standard error matches. */
  const said = async (pattern: RegExp) => {
    while (!pattern.test(output.stderr)) {
      if (child.exitCode !== null) throw new Error(`it ended before it said ${pattern}: ${output.stderr}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  return { child, ended, said }
}

export const clipmill = (...args: string[]) => start(args).ended

/** What the readers of ground truth and results share: tables of numbers as text, and the folders that they lie in. */
import { readFile, stat } from 'node:fs/promises'
import { Fault } from '../events/faults.ts'

/** Boxes beyond it are damage, and their areas would overflow. */
const farthest = 1e9

/**
 * @param what should be in the file, e.g. `results`
 * @param needs what a sequence needs, where that is not what MOTChallenge's has
 * @throws Fault track-file-missing
 */
export const readText = async (file: string, what: string, needs?: string) => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code))
      throw new Fault('track-file-missing', { file, what, needs }, { cause: error })
    throw error
  }
}

export const exists = async (at: string, what: 'file' | 'folder') => {
  const found = await stat(at).catch(() => undefined)
  return (what === 'file' ? found?.isFile() : found?.isDirectory()) ?? false
}

/** Lines that are not empty, numbered from 1, and their fields, without empty ones at the end. */
export const tableOf = (text: string) => {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const delimiter = delimiterOf(lines.find(line => line.trim() !== '') ?? '')
  return lines.flatMap((text, i) => {
    if (text.trim() === '') return []
    const fields = text.trim().split(delimiter)
    while (fields.at(-1) === '') fields.pop()
    return [{ line: i + 1, fields }]
  })
}

/** What the first line has most of; spaces beside a delimiter do not count. */
const delimiterOf = (line: string) => {
  const [most] = [',', '\t', ';'].sort((a, b) => line.split(b).length - line.split(a).length)
  return line.includes(most) ? new RegExp(` *${most} *`) : / +/
}

/** What is wrong with the first field that is no finite number within reason, or undefined. */
export const oddField = (fields: string[]) => {
  const odd = fields.findIndex(field => !isNumber(field))
  return odd === -1 ? undefined : `column ${odd + 1} is "${shown(fields[odd])}", not a number`
}

const isNumber = (field: string) =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(field) && Math.abs(Number(field)) <= farthest

const shown = (field: string) => (field.length > 20 ? `${field.slice(0, 20)}…` : field)

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { optionsTable } from '../cli/flags.ts'
import { faults } from '../events/faults.ts'
import { tasks } from '../tasks/index.ts'

const docs = path.resolve(import.meta.dirname, '../docs')
const read = (name: string) => readFileSync(path.join(docs, name), 'utf8')

describe('the docs say what the code does', () => {
  it.each(Object.values(tasks))('options of $name (UPDATE_DOCS=1 writes them)', task => {
    const name = `tasks/${task.name}.md`
    const table = optionsTable(task)
    const text = read(name)
    const updated = text.replace(/(## Options\n)[^]*?(?=\n## )/, `$1\n${table}`)
    if (process.env.UPDATE_DOCS) writeFileSync(path.join(docs, name), updated)
    else expect(text).toBe(updated)
  })

  it('every error code with its exit code, and whether trying again helps', () => {
    const documented = [...read('errors.md').matchAll(/^\| `([a-z-]+)` \| (\d) \| (\w+) \|/gm)].map(row =>
      row.slice(1)
    )
    const known = Object.entries(faults).map(([code, kind]) => [
      code,
      String(kind.exit),
      'retry' in kind ? kind.retry : 'no'
    ])
    expect(documented).toEqual(known)
  })
})

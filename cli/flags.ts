import { Option, type Command } from 'commander'
import { z } from 'zod'
import { Fault } from '../events/faults.ts'
import type { Task } from '../tasks/define.ts'

/** The part of a JSON schema that flags are made of. */
const property = z.object({
  type: z.enum(['number', 'integer', 'boolean', 'string', 'array']).default('string'),
  description: z.string().default(''),
  unit: z.string().optional(),
  /** What a value looks like, where its type does not say. */
  value: z.string().optional(),
  /** Of a list whose elements are lists of numbers: what these are, e.g. x,y,width,height. */
  each: z.string().optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional()
})
type Property = z.infer<typeof property>

const properties = (task: Task): [name: string, Property][] => {
  const schema = z.toJSONSchema(task.options, { io: 'input' })
  return Object.entries(schema.properties ?? {}).map(([name, value]) => [name, property.parse(value)])
}

const kebab = (name: string) => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

/** Gives a command one flag for each option of the task, or for those named: `minScore` becomes `--min-score`. */
export const addTaskFlags = (command: Command, task: Task, only?: string[]) => {
  for (const [name, option] of properties(task))
    if (!only || only.includes(name)) command.addOption(flagOf(task, name, option))
}

const flagOf = (task: Task, name: string, option: Property) => {
  const { type, description } = option
  const facts = [
    rangeOf(option),
    option.default !== undefined && type !== 'boolean' && `default ${JSON.stringify(option.default)}`
  ].filter(Boolean)
  const text = description + (facts.length > 0 ? ` (${facts.join('; ')})` : '')
  if (type === 'boolean')
    return new Option(
      option.default === true ? `--no-${kebab(name)}` : `--${kebab(name)}`,
      option.default === true ? `do not ${text}` : text
    )
  const flag = new Option(`--${kebab(name)} <${placeholder(option)}>`, text)
  const number = (text: string) => {
    if (text.trim() !== '' && !Number.isNaN(Number(text))) return Number(text)
    throw new Fault('options-invalid', { task: task.name, problems: [`${name}: "${text}" is no number`] })
  }
  if (type === 'number' || type === 'integer') return flag.argParser(number)
  if (option.each !== undefined)
    return flag.argParser((list, before: number[][] | undefined) => [
      ...(before ?? []),
      list.split(',').map(number)
    ])
  if (type === 'array') return flag.argParser(list => list.split(',').map(item => item.trim()))
  return option.enum ? flag.choices(option.enum) : flag
}

const placeholder = ({ type, unit, each, value }: Property) => {
  if (value !== undefined) return 'value'
  if (type === 'array') return each ?? 'a,b,…'
  return unit ?? (type === 'string' ? 'name' : 'number')
}

const rangeOf = ({ minimum, maximum, unit }: Property) => {
  // Zod bounds safe integers as such; nobody wants to read that.
  const bounded = (bound?: number) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER
  const suffix = unit ? ` ${unit}` : ''
  if (bounded(minimum) && bounded(maximum)) return `${minimum} to ${maximum}${suffix}`
  if (bounded(minimum)) return `from ${minimum}${suffix}`
  return suffix.trim()
}

/** The options that were given on the command line, by their own names. */
export const taskOptions = (command: Command, task: Task): Record<string, unknown> =>
  Object.fromEntries(
    properties(task)
      .filter(([name]) => command.getOptionValueSource(name) === 'cli')
      .map(([name]) => [name, command.getOptionValue(name) as unknown])
  )

/** The task's options as a table in Markdown, for its page in the docs. */
export const optionsTable = (task: Task): string =>
  [
    '| option | value | default | |',
    '|---|---|---|---|',
    ...properties(task).map(([name, option]) => {
      const value =
        option.type === 'boolean'
          ? ''
          : [
              option.enum?.join(', ') ??
                option.value ??
                (option.each && `${option.each}; as often as you like`) ??
                (option.type === 'array' ? 'names, with commas between' : option.type),
              rangeOf(option)
            ]
              .filter(Boolean)
              .join(', ')
      const standard = option.default === undefined || option.type === 'boolean' ? '' : String(option.default)
      return `| \`--${option.default === true ? 'no-' : ''}${kebab(name)}\` | ${value} | ${standard} | ${option.default === true ? 'do not ' : ''}${option.description} |`
    })
  ].join('\n') + '\n'

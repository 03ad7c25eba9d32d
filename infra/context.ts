import type { Node } from 'constructs'
import { z } from 'zod'
import { checkOptions, options } from './options.ts'

const contextOptions = options.extend({ stackName: z.string().default('Clipmill') })

const list = (text: string) => text.split(',')
/** What is given by `-c` is text; what cannot be read stays as it is, to be refused. */
const fromText: Partial<Record<string, (text: string) => unknown>> = {
  tasks: list,
  models: list,
  /** `track-many=batch,segment=gpu` */
  compute: (text): unknown => Object.fromEntries(list(text).map(pair => pair.split('='))),
  malwareGate: text => ({ true: true, false: false })[text] ?? text,
  ...Object.fromEntries(
    ['maxParallel', 'workDays', 'logRetention', 'monthlyBudget', 'dailyBudget', 'maxFrames', 'maxCost'].map(
      name => [name, Number]
    )
  )
}

/**
 * The options of a deployment as they stand in cdk.json or are given by `-c`: see ClipmillProps.
 * @throws Fault deployment-invalid
 */
export const clipmillContext = (node: Node) => {
  const names = Object.keys(contextOptions.shape)
  const given = names.flatMap(name => {
    const value: unknown = node.tryGetContext(name)
    if (value === undefined) return []
    return [[name, typeof value === 'string' ? (fromText[name]?.(value) ?? value) : value] as const]
  })
  // The CDK's own have other characters in their names.
  const unknown = Object.keys(node.getAllContext() as object)
    .filter(name => /^\w+$/.test(name) && !names.includes(name))
    .map(name => `${name}: there is no such option; there are ${names.join(', ')}`)
  return checkOptions(contextOptions, Object.fromEntries(given), unknown)
}

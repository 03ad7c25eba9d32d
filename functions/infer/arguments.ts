import { parseArgs } from 'node:util'

/** What a container is asked by its arguments, `--job ID --stage NAME [--segment N] --token TOKEN`. */
export const askedBy = (args: string[]) => {
  const { values } = parseArgs({
    args,
    options: {
      job: { type: 'string' },
      stage: { type: 'string' },
      segment: { type: 'string' },
      token: { type: 'string' }
    }
  })
  return { ...values, ...(values.segment !== undefined && { segment: Number(values.segment) }) }
}

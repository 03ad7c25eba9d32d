import type { MadeRow } from '../events/rows.ts'
import type { Output } from './define.ts'
import { canonicalJson } from './text.ts'

/** What was made of each frame, beside a video that is the result. */
export const madeOutputs = (name: string): Output[] => [
  {
    name,
    format: 'clipmill JSON',
    contentType: 'application/json',
    write: results =>
      canonicalJson(results, row => {
        const { pictures, deviation, cut } = row as MadeRow
        return { pictures, ...(deviation !== undefined && { deviation }), ...(cut && { cut }) }
      })
  }
]

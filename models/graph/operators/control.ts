/** Operators with graphs inside; the builder calls them through `ifElse` and `loop`. */
import { invented, show, type Shape } from '../dim.ts'
import { anything, fail, graph, operator } from '../operator.ts'
import { expectEqual } from './shapes.ts'

const shapesOf = (ports: readonly { shape: Shape }[]) => ports.map(port => port.shape)
const dtypesOf = <T>(ports: readonly { dtype: T }[]) => ports.map(port => port.dtype)

export const controlOperators = {
  If: operator('cond:bool -> ...outputs:V', {
    attributes: { then_branch: graph(), else_branch: graph() },
    shape: ([cond], { then_branch, else_branch }) => {
      expectEqual('the rank of cond', cond.shape.length, 0)
      expectEqual(
        'the number of results of the else branch',
        else_branch.outputs.length,
        then_branch.outputs.length
      )
      then_branch.outputs.forEach((then, i) => {
        const other = else_branch.outputs[i]
        if (then.dtype !== other.dtype || show(then.shape) !== show(other.shape))
          fail(`branches give ${then.dtype} ${show(then.shape)} and ${other.dtype} ${show(other.shape)}`)
      })
      return shapesOf(then_branch.outputs)
    },
    dtypes: (_, { then_branch }) => dtypesOf(then_branch.outputs)
  }),

  /** The body takes [iteration, condition, states…] and gives [condition, states…, rows to be stacked…]. */
  Loop: operator('M?:int64, cond?:bool, ...v_initial:V -> ...v_final_and_scan_outputs:V', {
    types: { V: anything },
    attributes: { body: graph() },
    shape: ([count, cond, states], { body }) => {
      const [, ...results] = body.outputs
      states.forEach((state, i) => {
        const result = results[i] ?? fail(`the body gives ${results.length} states, not ${states.length}`)
        if (state.dtype !== result.dtype || show(state.shape) !== show(result.shape))
          fail(`state ${i} is ${show(state.shape)} before and ${show(result.shape)} after an iteration`)
      })
      // With a condition the loop may end before M: the number of iterations is a size of its own.
      const [iterations] = (!cond && count?.contents) || [invented(`iterations(${body.outputs[0].name})`, 0)]
      return results.map(({ shape }, i) => (i < states.length ? shape : [iterations, ...shape]))
    },
    dtypes: (_, { body }) => dtypesOf(body.outputs.slice(1))
  })
} as const

/** The runtime's own operators that do in one pass what ONNX has several for. */
import { equal, show } from '../dim.ts'
import { fail, float, floats, int, operator } from '../operator.ts'
import { expectEqual, expectRank } from './shapes.ts'

export const fusedOperators = {
  /**
   * [B, N, heads d], keys and values [B, M, heads d] to [B, N, heads d]: softmax(q k^T scale + attention_bias) v head by
   * head; `bias` of q, k and v in a row. The scale is 1 / sqrt(d) unless given.
   */
  MultiHeadAttention: operator(
    'query:T, key:T, value:T, bias?:T, key_padding_mask?:int32, attention_bias?:T -> output:T',
    {
      domain: 'com.microsoft',
      types: { T: floats },
      attributes: { num_heads: int(), scale: float(null) },
      shape: ([q, k, v, bias, , added], { num_heads }) => {
        for (const [name, operand] of Object.entries({ query: q, key: k, value: v }))
          expectRank(name, operand, 3)
        const [batch, n, width] = q.shape
        if (!equal(k.shape[0], batch) || !equal(k.shape[2], width) || show(k.shape) !== show(v.shape))
          fail(`query ${show(q.shape)}, key ${show(k.shape)} and value ${show(v.shape)} do not go together`)
        if (typeof width !== 'number' || width % num_heads !== 0)
          fail(`${String(width)} channels are not for ${num_heads} heads`)
        if (bias) expectEqual('the size of bias', bias.shape[0], 3 * (width as number))
        if (added) {
          expectRank('attention_bias', added, 4)
          const [b, heads, rows, columns] = added.shape
          const fits =
            (b === 1 || equal(b, batch)) &&
            (heads === 1 || heads === num_heads) &&
            equal(rows, n) &&
            equal(columns, k.shape[1])
          if (!fits) fail(`attention_bias ${show(added.shape)} does not go with query ${show(q.shape)}`)
        }
        return q.shape
      }
    }
  )
} as const

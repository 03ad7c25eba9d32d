/** The table: every operator that networks are made of, by its ONNX name. */
import type { AnyOperator } from '../operator.ts'
import { arrangementOperators } from './arrangement.ts'
import { controlOperators } from './control.ts'
import { elementwiseOperators } from './elementwise.ts'
import { fusedOperators } from './fused.ts'
import { linearOperators } from './linear.ts'
import { quantisedOperators } from './quantised.ts'
import { reductionOperators } from './reduction.ts'
import { spatialOperators } from './spatial.ts'

/** The version of ONNX's operators that the entries follow. */
export const opset = 20

export const plainOperators = {
  ...elementwiseOperators,
  ...linearOperators,
  ...spatialOperators,
  ...arrangementOperators,
  ...reductionOperators,
  ...quantisedOperators,
  ...fusedOperators
} as const

export const operators = { ...plainOperators, ...controlOperators } as unknown as Readonly<
  Record<string, AnyOperator>
>

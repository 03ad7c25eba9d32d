/** The published sizes of YOLOX; classes and pre-processing belong to the weights (specification, sections 1 and 2). */
export interface YoloxScale {
  /** Multiplies the number of blocks, 3 and 9. */
  depth: number
  /** Multiplies the number of channels, 64 and upwards. */
  width: number
  /** 3x3 convolutions are depthwise and pointwise ones in a row. */
  depthwise: boolean
}

export const yoloxVariants = {
  nano: { depth: 0.33, width: 0.25, depthwise: true },
  tiny: { depth: 0.33, width: 0.375, depthwise: false },
  s: { depth: 0.33, width: 0.5, depthwise: false },
  m: { depth: 0.67, width: 0.75, depthwise: false },
  l: { depth: 1, width: 1, depthwise: false },
  x: { depth: 1.33, width: 1.25, depthwise: false }
} as const satisfies Record<string, YoloxScale>

export type YoloxVariantName = keyof typeof yoloxVariants

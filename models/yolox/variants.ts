/** The published sizes of YOLOX; classes and pre-processing belong to the weights (specification, sections 1 and 2). */
export interface YoloxScale {
  /** Multiplies the number of blocks, 3 and 9. */
  depth: number
  /** Multiplies the number of channels, 64 and upwards. */
  width: number
  /** 3x3 convolutions are depthwise and pointwise ones in a row. */
  depthwise: boolean
}

interface YoloxVariant extends YoloxScale {
  /** Input of the COCO tests, [height, width]. */
  cocoSize: readonly [number, number]
  /** Input of the multi-object trackers, [height, width]. */
  motSize: readonly [number, number]
}

const [small, large] = [[416, 416] as const, [640, 640] as const]
const [motSmall, motLarge] = [[608, 1088] as const, [800, 1440] as const]

export const yoloxVariants = {
  nano: { depth: 0.33, width: 0.25, depthwise: true, cocoSize: small, motSize: motSmall },
  tiny: { depth: 0.33, width: 0.375, depthwise: false, cocoSize: small, motSize: motSmall },
  s: { depth: 0.33, width: 0.5, depthwise: false, cocoSize: large, motSize: motSmall },
  m: { depth: 0.67, width: 0.75, depthwise: false, cocoSize: large, motSize: motLarge },
  l: { depth: 1, width: 1, depthwise: false, cocoSize: large, motSize: motLarge },
  x: { depth: 1.33, width: 1.25, depthwise: false, cocoSize: large, motSize: motLarge }
} as const satisfies Record<string, YoloxVariant>

export type YoloxVariantName = keyof typeof yoloxVariants

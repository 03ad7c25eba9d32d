/**
 * ByteTrack's Kalman filter over (cx, cy, a = w/h, h) and their velocities per frame, float64 (arXiv 2110.06864;
 * constants of the code). Its noise is diagonal and its motion couples a quantity to its own velocity alone, so the
 * 8x8 covariance is four 2x2 blocks: twelve numbers say all.
 */
export interface Gaussian {
  /** cx, cy, a, h, then their velocities. */
  mean: number[]
  /** Four variances of the quantities, four covariances with their velocity, four variances of the velocities. */
  covariance: number[]
}

/** cx, cy, a = w/h, h in pixels. */
export type Measurement = readonly [number, number, number, number]

const position = 1 / 20
const velocity = 1 / 160
const variances = (std: number, h: number, aspect: number) =>
  [std * h, std * h, aspect, std * h].map(s => s * s)

/** The state after the first sight of a box: at rest, and unsure of it. */
export const initiate = (z: Measurement): Gaussian => ({
  mean: [...z, 0, 0, 0, 0],
  covariance: [
    ...variances(2 * position, z[3], 1e-2),
    ...[0, 0, 0, 0],
    ...variances(10 * velocity, z[3], 1e-5)
  ]
})

/** One frame on. */
export const predict = ({ mean, covariance }: Gaussian): Gaussian => {
  const h = mean[3]
  const moved = [...mean]
  const spread = [...variances(position, h, 1e-2), ...[0, 0, 0, 0], ...variances(velocity, h, 1e-5)]
  for (let i = 0; i < 4; i++) {
    const cross = covariance[i + 4]
    const drift = covariance[i + 8]
    moved[i] += mean[i + 4]
    spread[i] += covariance[i] + 2 * cross + drift
    spread[i + 4] = cross + drift
    spread[i + 8] += drift
  }
  return { mean: moved, covariance: spread }
}

/** What would be measured: mean and variances of (cx, cy, a, h). */
export const project = ({ mean, covariance }: Gaussian) => ({
  mean: mean.slice(0, 4),
  variance: variances(position, mean[3], 1e-1).map((r, i) => covariance[i] + r)
})

/** The state after `z` was measured. */
export const update = (predicted: Gaussian, z: Measurement): Gaussian => {
  const { variance } = project(predicted)
  const mean = [...predicted.mean]
  const covariance = [...predicted.covariance]
  for (let i = 0; i < 4; i++) {
    const s = variance[i]
    const gain = predicted.covariance[i] / s
    const drift = predicted.covariance[i + 4] / s
    const innovation = z[i] - predicted.mean[i]
    mean[i] += gain * innovation
    mean[i + 4] += drift * innovation
    covariance[i] -= gain * s * gain
    covariance[i + 4] -= gain * s * drift
    covariance[i + 8] -= drift * s * drift
  }
  return { mean, covariance }
}

/** When the frames of the result are shown, and what each of them shows. */
import type { ClipFacts, Rational } from '../../events/clip.ts'

/** Frames a second of the result: so many times the clip's, or an even rate. */
export type Rate = { factor: 2 | 4 | 8 } | Rational

/** The network halves the time between two frames, and its halves, so often. */
export const halvings = 3
const parts = 2 ** halvings

/** A frame of the result. */
export interface Moment {
  /** In the result's time base. */
  pts: number
  /** It shows what is so many eighths of the way from one frame to the next. */
  eighth: number
  /** Seconds by which that is off `pts`. */
  deviation: number
}

const isFactor = (rate: Rate): rate is { factor: 2 | 4 | 8 } => 'factor' in rate

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))
const lcm = (a: number, b: number) => (a / gcd(a, b)) * b

/** A time base in which the clip's time stamps and those of the result are whole numbers. */
export const resultTimeBase = (timeBase: Rational, rate: Rate): Rational =>
  isFactor(rate)
    ? { num: timeBase.num, den: timeBase.den * rate.factor }
    : { num: 1, den: lcm(timeBase.den, rate.num) }

/**
 * The frames of the result from one frame of the clip on and before the next. With a factor they divide the time between
 * the two evenly, and the last frame stands alone; at an even rate they stand at whole multiples of its period from the
 * clip's beginning, to its end.
 * @param from, to time stamps of the two in the clip's time base; `to` is absent behind the last frame
 */
export const momentsBetween = (
  { timeBase, start, end }: ClipFacts['video'],
  rate: Rate,
  from: number,
  to?: number
): Moment[] => {
  const base = resultTimeBase(timeBase, rate)
  /** Of a tick of the clip. */
  const ticks = (timeBase.num * base.den) / (timeBase.den * base.num)
  if (isFactor(rate)) {
    const { factor } = rate
    if (to === undefined) return [{ pts: from * ticks, eighth: 0, deviation: 0 }]
    return Array.from({ length: factor }, (_, k) => ({
      pts: from * ticks + k * (to - from),
      eighth: (k * parts) / factor,
      deviation: 0
    }))
  }
  const period = (rate.den * base.den) / rate.num
  const origin = start * ticks
  const first = Math.ceil((from * ticks - origin) / period)
  const behind = Math.ceil(((to ?? end) * ticks - origin) / period)
  return Array.from({ length: Math.max(0, behind - first) }, (_, i) => {
    const pts = origin + (first + i) * period
    const part = to === undefined ? 0 : (pts - from * ticks) / ((to - from) * ticks)
    const eighth = Math.round(part * parts)
    const off = to === undefined ? 0 : Math.abs(part - eighth / parts) * (to - from)
    return { pts, eighth, deviation: (off * timeBase.num) / timeBase.den }
  })
}

/** Rounded, halves to even, as C's rint. */
export const rint = (v: number) => {
  const floor = Math.floor(v)
  const rest = v - floor
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1
}

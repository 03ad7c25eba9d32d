/** How EventBridge matches one value; what else its patterns can say is not known here. */
const operators: Record<string, (value: string, operand: string) => boolean> = {
  prefix: (value, operand) => value.startsWith(operand),
  suffix: (value, operand) => value.endsWith(operand)
}

/** Whether an event matches the pattern of a rule ("Creating Amazon EventBridge event patterns"). */
export const matches = (pattern: Record<string, unknown>, event: Record<string, unknown>): boolean =>
  Object.entries(pattern).every(([name, expected]) => {
    const value = event[name]
    if (!Array.isArray(expected))
      return (
        typeof value === 'object' &&
        matches(expected as Record<string, unknown>, value as Record<string, unknown>)
      )
    return expected.some((one: unknown) => {
      if (typeof one !== 'object') return one === value
      const [[operator, operand]] = Object.entries(one as Record<string, string>)
      if (!(operator in operators)) throw new Error(`${operator} is not known here`)
      return typeof value === 'string' && operators[operator](value, operand)
    })
  })

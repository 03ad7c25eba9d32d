/** Lines of a table: the first `texts` columns to the left, the others, which are figures, to the right. */
export const formatTable = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 1
): string => {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column].length)))
  const cell = (text: string, column: number) =>
    column < texts ? text.padEnd(widths[column]) : text.padStart(widths[column])
  return [head, ...rows].map(row => row.map(cell).join('  ').trimEnd()).join('\n')
}

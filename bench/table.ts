/** Lines of a table: the first column to the left, the others, which are figures, to the right. */
export const formatTable = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column].length)))
  return [head, ...rows]
    .map(row =>
      row
        .map((text, column) => (column ? text.padStart(widths[column]) : text.padEnd(widths[column])))
        .join('  ')
    )
    .join('\n')
}

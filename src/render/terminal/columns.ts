/** Tables on a terminal. */

/** Rows of texts, each column as wide as its widest text, two blanks before each. */
export function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  return table.map((row) =>
    row
      .map((word, column) => `  ${word.padEnd(widths[column] ?? 0)}`)
      .join('')
      .trimEnd(),
  )
}

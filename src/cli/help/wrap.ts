/** Text for a terminal of a certain width: paragraphs, and terms with what they mean. */

/** Lines longer than this are hard to read, however wide the terminal is. */
const MAX_WIDTH = 90

/** Columns that a text for this stream may take; 80 where it is not a terminal. */
export function textWidth(stream: Pick<NodeJS.WriteStream, 'columns'>): number {
  return Math.min(stream.columns ?? 80, MAX_WIDTH)
}

/** Lines of at most `width` columns, broken at blanks; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** A term with its meaning on each row, the meanings in one column. Terms stand two columns in. */
export function definitions(rows: readonly (readonly [term: string, meaning: string])[], width: number): string[] {
  const column = 4 + Math.max(...rows.map(([term]) => term.length))
  return rows.flatMap(([term, meaning]) => {
    const lines = wrap(meaning, Math.max(20, width - column))
    return (lines.length === 0 ? [''] : lines).map((line, index) => `  ${index === 0 ? term : ''}`.padEnd(column) + line)
  })
}

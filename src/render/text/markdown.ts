/** What every Markdown rendering is made of. */
import { oneLine } from './format.ts'

/** Text that Markdown shows as it is, on one line. */
export function escapeMarkdown(text: string): string {
  return oneLine(text).replaceAll(/[\\`*_{}[\]<>#|~&]/g, '\\$&')
}

/** A table below an empty line; nothing where it has no rows. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const row = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`
  return ['', row(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(row)]
}

/** Lines about an attempt that explain prints below its reasons: the case's own diagnostics, and the paths of its logs. */
import { oneLine } from '#render/text/format.ts'
import type { AttemptDetails } from '#run/results/details.ts'

/** Lines of a guest that are shown; a program of a suite may print thousands. */
const MAX_LINES = 40

/** Its lines, set in by four blanks; none for an attempt without details. */
export function detailLines(details: AttemptDetails | undefined): string[] {
  if (details === undefined) return []
  const { diagnostics, files } = details
  const left = diagnostics.length - MAX_LINES
  const lines = [
    ...diagnostics.slice(0, MAX_LINES).map(oneLine),
    ...(left > 0 ? [`and ${left} more such lines in the output`] : []),
    `console: ${files.console}`,
    `output: ${files.output}`,
  ]
  return lines.map((line) => `    ${line}`)
}

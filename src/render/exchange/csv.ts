/** CSV (RFC 4180), a row for each result, for spreadsheets and data frames. */
import type { Report } from '#domain/report/matrix.ts'
import { oneLine } from '../text/format.ts'
import { commitsOf, contradictionOf, contradictionWords, resultsOf, secondsOf, type Result } from './results.ts'

/** Columns by name, in order. */
const COLUMNS: Readonly<Record<string, (result: Result, report: Report) => string | number | null>> = {
  kernel: ({ kernel }) => kernel.id,
  version: ({ kernel }) => kernel.version,
  series: ({ kernel }) => kernel.series,
  build: ({ kernel }) => kernel.build,
  flavour: ({ kernel }) => kernel.flavour,
  arch: ({ kernel }) => kernel.arch,
  image_sha256: ({ kernel }) => kernel.sha256,
  case: ({ cell }) => cell.case,
  title: (result) => result.case.title,
  verdict: ({ cell }) => cell.verdict,
  status: ({ cell }) => cell.status,
  claim: ({ cell }) => cell.claim,
  finding: ({ cell }) => cell.finding,
  hits: ({ cell }) => cell.trials?.hits ?? null,
  trials: ({ cell }) => cell.trials?.trials ?? null,
  miss_probability: ({ cell }) => cell.missProbability,
  commits: (result) => commitsOf(result.case).join(' '),
  cve: (result) => result.case.fixes.flatMap(({ cve }) => cve).join(' '),
  profile: ({ cell }) => cell.profile,
  attempts: ({ cell }) => cell.attempts.length,
  seconds: ({ cell }) => Number(secondsOf(cell).toFixed(3)),
  evidence: ({ cell }) => cell.attempts.at(-1)?.id ?? null,
  summary: ({ cell }) => cell.summary,
  case_data_contradicted: (result, report) => {
    const contradiction = contradictionOf(result, report)
    return contradiction && contradictionWords(contradiction)
  },
}

/** Render a report as CSV. */
export function renderCsv(report: Report): string {
  const rows = resultsOf(report).map((result) => Object.values(COLUMNS).map((read) => field(read(result, report))))
  return [Object.keys(COLUMNS), ...rows].map((row) => `${row.join(',')}\r\n`).join('')
}

/** A field. Text that a spreadsheet would take for a formula is preceded by an apostrophe, as spreadsheets themselves do. */
function field(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = oneLine(value)
  const harmless = /^[=+\-@]/.test(text) ? `'${text}` : text
  return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

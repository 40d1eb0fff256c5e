/** The result of a search, for a terminal and as JSON: each boundary with its evidence, and what a search cannot find. */
import type { Boundary, Timeline, Report, ReportCell } from '#domain/report/matrix.ts'
import { changeOf, reasonsOf, precisionOf } from './text/boundary.ts'
import { many } from '#domain/numbers.ts'
import { caseContradictionLines } from './terminal/report.ts'
import { type TerminalStyle, type TerminalOptions, terminalStyle } from './terminal/style.ts'
import { VERDICT_LABELS } from './text/labels.ts'
import { kernelLabels, oneLine } from './text/format.ts'

/** One branch of kernels with the kernels that the search tested. */
interface Searched extends Timeline {
  /** In version order. */
  readonly asked: readonly Pick<ReportCell, 'kernel' | 'verdict' | 'summary'>[]
  readonly boundaries: readonly Boundary[]
}

/** The branches of a search, by case and then in kernel order. */
function searchedOf(report: Report): Searched[] {
  const kernels = new Map(report.kernels.map((kernel) => [kernel.id, kernel]))
  return report.timelines
    .map((timeline) => {
      const isOf = (id: string): boolean => {
        const kernel = kernels.get(id)
        return kernel?.series === timeline.series && kernel.flavour === timeline.flavour && kernel.arch === timeline.arch
      }
      const cells = report.cells.filter((cell) => cell.case === timeline.case && isOf(cell.kernel))
      return {
        ...timeline,
        asked: cells.map(({ kernel, verdict, summary }) => ({ kernel, verdict, summary })),
        boundaries: report.boundaries.filter((boundary) => boundary.case === timeline.case && isOf(boundary.before)),
      }
    })
    .filter(({ asked }) => asked.length > 0)
}

/** The search as JSON: each branch with its boundaries. */
export function renderSearchJson(report: Report): string {
  const { run, caseContradictions } = report
  const found = {
    schema: 'kwitness.boundary/1',
    run: run.id,
    ...sizesOf(report),
    caseContradictions,
    searches: searchedOf(report),
  }
  return `${JSON.stringify(found, null, 2)}\n`
}

/** The search for a terminal. */
export function renderSearch(report: Report, options: TerminalOptions): string {
  const style = terminalStyle(options)
  const labels = kernelLabels(report.kernels)
  const label = (kernel: string): string => labels.get(kernel) ?? kernel
  const searched = searchedOf(report)
  const { booted, known } = sizesOf(report)
  const sections = searched.map((one) => branchSection(one, report, label, style).join('\n'))
  const size = `${many(booted, 'kernel')} booted${known === null ? '' : ` of ${known}`}`
  const contradicted = caseContradictionLines(report, style)
  const found = contradicted.length > 0 ? [contradicted.join('\n'), ...sections] : sections
  return `${[...found, [size, ...blindSpot(searched)].join('\n')].join('\n\n')}\n`
}

/** The number of kernels that the search booted, and of known kernels; the latter is null without a listing. */
function sizesOf({ kernels, timelines }: Report): { readonly booted: number; readonly known: number | null } {
  const branches = new Map(timelines.map(({ series, flavour, arch, known }) => [`${series}/${flavour}/${arch}`, known]))
  const known = [...branches.values()].reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0)
  return { booted: kernels.length, known }
}

/** One branch of kernels: its boundaries, or that it has none, and the kernels tested. */
function branchSection(one: Searched, report: Report, label: (kernel: string) => string, style: TerminalStyle): string[] {
  const { asked, known, boundaries, intervals } = one
  const title = (said: string): string => style.paint('bold', `${one.case} on ${one.series}: ${said}`)
  const share = known === null ? asked.length : `${asked.length} of ${known}`
  const size = `  tested ${share}: ${asked.map(({ kernel }) => label(kernel)).join(', ')}`
  const changes = boundaries.flatMap((boundary) => [title(changeOf(boundary)), ...sideLines(boundary, report, label, style)])
  if (boundaries.length > 1) {
    const often = `not monotonic: the answer changes ${boundaries.length} times, maybe more often between untested kernels`
    return [...changes, `  ${style.paint('alarm', often)}`, size]
  }
  if (boundaries.length === 1) return [...changes, size]
  const [interval] = intervals
  if (!interval) return [title('no kernel gave an answer'), ...sentences(asked, style), size]
  const ends = interval.first === interval.last ? label(interval.first) : `${label(interval.first)} to ${label(interval.last)}`
  const verdict = style.paint(interval.verdict, `${style.sign(interval.verdict)} ${interval.verdict}`)
  const others = [...one.earlier, ...one.later].filter(({ reason }) => reason !== 'not-tested' && reason !== 'not-on-mirror')
  const all = interval.untested === 0 ? 'all kernels' : 'all tested kernels'
  const beside = others.length > 0 ? [`  other kernels: ${reasonsOf(others, style.dots)}`] : []
  return [title(`${all} agree: ${verdict}, ${ends}`), ...beside, size]
}

/** The two sides of a boundary with their summaries, its precision, and the bisect commands. */
function sideLines(boundary: Boundary, report: Report, label: (kernel: string) => string, style: TerminalStyle): string[] {
  const sides = [boundary.before, boundary.after].flatMap((kernel) => {
    const cell = report.cells.find((one) => one.kernel === kernel && one.case === boundary.case)
    if (!cell) return []
    const word = style.paint(cell.verdict, `${style.sign(cell.verdict)} ${VERDICT_LABELS[cell.verdict].word.padEnd(7)}`)
    const attempt = cell.attempts.at(-1)
    const evidence = attempt ? [style.paint('faint', `             evidence ${attempt.id}`)] : []
    return [`  ${word}  ${label(kernel)}: ${oneLine(cell.summary)}`, ...evidence]
  })
  return [...sides, `  ${precisionOf(boundary, style.dots).join('; ')}`, ...(boundary.bisect ?? []).map((line) => `  ${line}`)]
}

/** The summaries of kernels without an answer, each sentence once. */
function sentences(asked: Searched['asked'], style: TerminalStyle): string[] {
  return [...Map.groupBy(asked, (one) => one.summary)].map(([said, own]) => {
    const verdict = own[0]?.verdict ?? 'no-result'
    return `  ${style.paint(verdict, `${style.sign(verdict)} ${VERDICT_LABELS[verdict].word}`)}: ${oneLine(said)}`
  })
}

/** A note on what a search cannot find; empty if it tested every kernel. */
function blindSpot(searched: readonly Searched[]): string[] {
  if (searched.every(({ asked, known }) => known !== null && asked.length >= known)) return []
  return [
    'A search tests both ends, halves of what differs, and the middle of what does not. It cannot find a change that was undone',
    'again between two kernels that agree: kwitness run tests every kernel.',
  ]
}

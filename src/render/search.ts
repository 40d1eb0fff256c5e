/** What a search found, for a terminal and as JSON: each boundary with its evidence, and what a search does not see. */
import type { Boundary, History, Report, ReportCell } from '#domain/report/matrix.ts'
import { changeOf, reasonsOf, sureOf } from './text/boundary.ts'
import { many } from './text/numbers.ts'
import { type Pen, type TerminalOptions, penOf } from './terminal/style.ts'
import { VERDICT_WORDS } from './text/labels.ts'
import { kernelLabels, oneLine } from './text/format.ts'

/** One line of kernels as it was searched. */
interface Searched extends History {
  /** In version order. */
  readonly asked: readonly Pick<ReportCell, 'kernel' | 'verdict' | 'because'>[]
  readonly boundaries: readonly Boundary[]
}

/** The lines of a search, by case and then in kernel order. */
function searchedOf(report: Report): Searched[] {
  const kernels = new Map(report.kernels.map((kernel) => [kernel.id, kernel]))
  return report.histories
    .map((history) => {
      const isOf = (id: string): boolean => {
        const kernel = kernels.get(id)
        return kernel?.series === history.series && kernel.flavour === history.flavour && kernel.arch === history.arch
      }
      const cells = report.cells.filter((cell) => cell.case === history.case && isOf(cell.kernel))
      return {
        ...history,
        asked: cells.map(({ kernel, verdict, because }) => ({ kernel, verdict, because })),
        boundaries: report.boundaries.filter((flip) => flip.case === history.case && isOf(flip.before)),
      }
    })
    .filter(({ asked }) => asked.length > 0)
}

/** The search as JSON: a line of kernels each, with its boundaries. */
export function renderSearchJson(report: Report): string {
  const { run } = report
  const found = { schema: 'kwitness.boundary/1', run: run.id, ...sizesOf(report), searches: searchedOf(report) }
  return `${JSON.stringify(found, null, 2)}\n`
}

/** The search for a terminal. */
export function renderSearch(report: Report, options: TerminalOptions): string {
  const pen = penOf(options)
  const labels = kernelLabels(report.kernels)
  const label = (kernel: string): string => labels.get(kernel) ?? kernel
  const searched = searchedOf(report)
  const { booted, known } = sizesOf(report)
  const sections = searched.map((one) => lineSection(one, report, label, pen).join('\n'))
  const size = `${many(booted, 'kernel')} booted${known === null ? '' : ` of ${known}`}`
  return `${[...sections, [size, ...blindSpot(searched)].join('\n')].join('\n\n')}\n`
}

/** Kernels a guest was made of, and how many there are; the latter is null where nothing lists them. */
function sizesOf({ kernels, histories }: Report): { readonly booted: number; readonly known: number | null } {
  const lines = new Map(histories.map(({ series, flavour, arch, known }) => [`${series}/${flavour}/${arch}`, known]))
  const known = [...lines.values()].reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0)
  return { booted: kernels.length, known }
}

/** One line of kernels: its boundaries, or that there is none, and how many were asked. */
function lineSection(one: Searched, report: Report, label: (kernel: string) => string, pen: Pen): string[] {
  const { asked, known, boundaries, stretches } = one
  const title = (said: string): string => pen.paint('bold', `${one.case} on ${one.series}: ${said}`)
  const share = known === null ? asked.length : `${asked.length} of ${known}`
  const size = `  asked ${share}: ${asked.map(({ kernel }) => label(kernel)).join(', ')}`
  const flips = boundaries.flatMap((flip) => [title(changeOf(flip)), ...flipLines(flip, report, label, pen)])
  if (boundaries.length > 1) {
    const often = `not monotone: the answer changes ${boundaries.length} times, and maybe more often between kernels not asked`
    return [...flips, `  ${pen.paint('alarm', often)}`, size]
  }
  if (boundaries.length === 1) return [...flips, size]
  const [stretch] = stretches
  if (!stretch) return [title('no kernel gave an answer'), ...sentences(asked, pen), size]
  const ends = stretch.first === stretch.last ? label(stretch.first) : `${label(stretch.first)} to ${label(stretch.last)}`
  const verdict = pen.paint(stretch.verdict, `${pen.sign(stretch.verdict)} ${stretch.verdict}`)
  const others = [...one.earlier, ...one.later].filter(({ why }) => why !== 'not asked' && why !== 'gone')
  const all = stretch.untested === 0 ? 'all kernels' : 'all kernels asked'
  const beside = others.length > 0 ? [`  beside them, ${reasonsOf(others, pen.dots)}`] : []
  return [title(`${all} answer alike: ${verdict}, ${ends}`), ...beside, size]
}

/** The two sides of a boundary with what decided them, how sure its place is, and the way on. */
function flipLines(flip: Boundary, report: Report, label: (kernel: string) => string, pen: Pen): string[] {
  const sides = [flip.before, flip.after].flatMap((kernel) => {
    const cell = report.cells.find((one) => one.kernel === kernel && one.case === flip.case)
    if (!cell) return []
    const word = pen.paint(cell.verdict, `${pen.sign(cell.verdict)} ${VERDICT_WORDS[cell.verdict].word.padEnd(7)}`)
    const attempt = cell.attempts.at(-1)
    const evidence = attempt ? [pen.paint('faint', `             evidence ${attempt.id}`)] : []
    return [`  ${word}  ${label(kernel)}: ${oneLine(cell.because)}`, ...evidence]
  })
  return [...sides, `  ${sureOf(flip, pen.dots).join('; ')}`, ...(flip.bisect ?? []).map((line) => `  ${line}`)]
}

/** What the kernels said that gave no answer, each sentence once. */
function sentences(asked: Searched['asked'], pen: Pen): string[] {
  return [...Map.groupBy(asked, (one) => one.because)].map(([said, own]) => {
    const verdict = own[0]?.verdict ?? 'missing'
    return `  ${pen.paint(verdict, `${pen.sign(verdict)} ${VERDICT_WORDS[verdict].word}`)}: ${oneLine(said)}`
  })
}

/** What a search cannot see, said where any kernel was left out. */
function blindSpot(searched: readonly Searched[]): string[] {
  if (searched.every(({ asked, known }) => known !== null && asked.length >= known)) return []
  return [
    'A search asks both ends, halves of what differs, and the middle of what does not. A change that was undone again between',
    'two kernels that answer alike is not seen by it: kwitness run asks every kernel.',
  ]
}

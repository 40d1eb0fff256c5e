/** A night in short, from its report, and what of a result later nights show. */
import type { Night, NightResult } from '#domain/report/night.ts'
import type { Report } from '#domain/report/matrix.ts'
import { compareKernels } from './matrix/matrix.ts'
import { isTried } from './diff/nights.ts'

const LETTERS: Readonly<Record<NightResult, string>> = {
  carries: 'c',
  lacks: 'l',
  inconclusive: 'i',
  'not-applicable': 'n',
  error: 'e',
  'no-result': 'r',
  unfinished: 'u',
  none: '-',
}

const RESULTS = new Map(Object.entries(LETTERS).map(([result, letter]) => [letter, result as NightResult]))

/** What a night adds to its report. */
export type NightFacts = Pick<Night, 'key' | 'endedAt' | 'diff' | 'problems'> & { readonly failed: ReadonlySet<string> }

/** The night of a report. */
export function nightOf(report: Report, { key, endedAt, diff, problems, failed }: NightFacts): Night {
  const kernels = report.kernels.toSorted(compareKernels)
  const results = new Map(
    report.cells.map((cell) => [
      `${cell.kernel}/${cell.case}`,
      isTried(cell) || failed.has(cell.kernel) ? cell.verdict : ('unfinished' as const),
    ]),
  )
  const all = [...results.values()]
  return {
    schema: 'kwitness.night/1',
    key,
    run: report.run.id,
    startedAt: report.run.startedAt,
    endedAt,
    unfinished: all.filter((result) => result === 'unfinished').length,
    counts: report.counts,
    diff,
    problems,
    kernels: kernels.map(({ id, provider, version, series, build, flavour, arch }) => ({
      id,
      provider,
      version,
      series,
      build,
      flavour,
      arch,
    })),
    cases: report.cases.map(({ id, title }) => ({ id, title })),
    rows: kernels.map(({ id }) => report.cases.map((one) => LETTERS[results.get(`${id}/${one.id}`) ?? 'none']).join('')),
  }
}

/** Where a night has each kernel and each case, looked up once: pages ask for every result of it. */
const placesOf = new WeakMap<object, { readonly rows: Map<string, number>; readonly columns: Map<string, number> }>()

/** What a night says of a kernel and a case. */
export function resultOf(night: Pick<Night, 'kernels' | 'cases' | 'rows'>, kernel: string, theCase: string): NightResult {
  const { kernels, cases, rows } = night
  const indexOf = (list: readonly { readonly id: string }[]) => new Map(list.map(({ id }, at) => [id, at]))
  const places = placesOf.get(night) ?? { rows: indexOf(kernels), columns: indexOf(cases) }
  placesOf.set(night, places)
  const [row = -1, column = -1] = [places.rows.get(kernel), places.columns.get(theCase)]
  return RESULTS.get(rows[row]?.[column] ?? '-') ?? 'none'
}

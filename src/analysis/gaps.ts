/** Finds the gaps of a report: what the newest kernel of each series lacks. */
import type { Case } from '#domain/case.ts'
import type { KnownKernel } from '#domain/kernel.ts'
import type { Gap, GapReport } from '#domain/report/gaps.ts'
import type { Report, ReportKernel } from '#domain/report/matrix.ts'
import { compareSeries } from '#domain/version.ts'
import { compareKernels, compareText, countVerdicts } from './matrix/matrix.ts'

/** Days on which mainline releases came out (https://www.kernel.org/pub/linux/kernel/). Newer ones are not known here. */
const RELEASED: Readonly<Record<string, string>> = {
  '5.10': '2020-12-13',
  '5.11': '2021-02-14',
  '5.12': '2021-04-25',
  '5.13': '2021-06-27',
  '5.14': '2021-08-29',
  '5.15': '2021-10-31',
  '5.16': '2022-01-09',
  '5.17': '2022-03-20',
  '5.18': '2022-05-22',
  '5.19': '2022-07-31',
  '6.0': '2022-10-02',
  '6.1': '2022-12-11',
  '6.2': '2023-02-19',
  '6.3': '2023-04-23',
  '6.4': '2023-06-25',
  '6.5': '2023-08-27',
  '6.6': '2023-10-29',
  '6.7': '2024-01-07',
  '6.8': '2024-03-10',
  '6.9': '2024-05-12',
  '6.10': '2024-07-14',
  '6.11': '2024-09-15',
  '6.12': '2024-11-17',
  '6.13': '2025-01-19',
  '6.14': '2025-03-24',
  '6.15': '2025-05-25',
  '6.16': '2025-07-27',
  '6.17': '2025-09-28',
}

interface GapOptions {
  /** Cases with their claims, as the plan of the run has them. */
  readonly cases: readonly Pick<Case, 'id' | 'claim'>[]
  /** What was listed when the run was planned: a series none of whose kernels is on the mirror any more is not supported. */
  readonly listing: readonly KnownKernel[] | null
  /** Only these series; all that are supported when not given. */
  readonly series?: readonly string[] | undefined
}

/** The gaps of a report. Patches are not asked here. */
export function gapsOf(report: Report, { cases, listing, series }: GapOptions): GapReport {
  const newest = newestKernels(report, listing, series)
  const claims = new Map(cases.map(({ id, claim }) => [id, claim]))
  const verdictOf = new Map(report.cells.map((cell) => [`${cell.kernel}/${cell.case}`, cell]))
  const carriedBy = (id: string): string[] =>
    [
      ...new Set(newest.filter((kernel) => verdictOf.get(`${kernel.id}/${id}`)?.verdict === 'carries').map((one) => one.series)),
    ].toSorted(compareSeries)
  const gaps = newest.flatMap((kernel) =>
    report.cases.flatMap(({ id, title, fixes }): Gap[] => {
      const cell = verdictOf.get(`${kernel.id}/${id}`)
      if (cell?.verdict !== 'lacks') return []
      const mainline = claims.get(id)?.mainline ?? null
      return [
        {
          series: kernel.series,
          kernel: kernel.id,
          version: kernel.version,
          case: id,
          title,
          commits: fixes.flatMap(({ commit }) => (commit === null || commit === 'unknown' ? [] : [commit])),
          cve: fixes.flatMap(({ cve }) => cve),
          severity: null,
          mainline,
          mainlineDate: mainline === null ? null : (RELEASED[mainline] ?? null),
          carriedBy: carriedBy(id),
          claim: cell.claim,
          claimSource: cell.claimSource,
          summary: cell.summary,
          patch: null,
          verified: null,
        },
      ]
    }),
  )
  return {
    schema: 'kwitness.gaps/1',
    run: { id: report.run.id, startedAt: report.run.startedAt },
    kernels: newest.map((own) => {
      const { carries, lacks } = countVerdicts(report.cells.filter(({ kernel }) => kernel === own.id))
      return {
        series: own.series,
        kernel: own.id,
        version: own.version,
        lacks,
        answers: carries + lacks,
        cases: report.cases.length,
        newer: newerThan(own, listing),
      }
    }),
    gaps: gaps.toSorted(byAge),
  }
}

/** The newest kernel of the branch of a tested one that is on the mirror and newer than it; null for none. */
function newerThan(own: ReportKernel, listing: GapOptions['listing']): string | null {
  const newer = (listing ?? []).filter(
    (kernel) =>
      !kernel.notOnMirror &&
      kernel.series === own.series &&
      kernel.flavour === own.flavour &&
      kernel.arch === own.arch &&
      compareKernels(kernel, own) > 0,
  )
  return newer.toSorted(compareKernels).at(-1)?.id ?? null
}

/** The newest kernel of each supported branch, controls and kernels of a user's own left out. */
function newestKernels(report: Report, listing: GapOptions['listing'], only: readonly string[] | undefined): ReportKernel[] {
  const controls = new Set(report.controls.map(({ kernel }) => kernel))
  const supported = new Set(listing?.filter(({ notOnMirror }) => !notOnMirror).map(({ series }) => series))
  const isWanted = ({ id, provider, series }: ReportKernel): boolean => {
    if (controls.has(id)) return false
    if (only !== undefined) return only.includes(series)
    return provider === 'debian' && (listing === null || supported.has(series))
  }
  const branches = Map.groupBy(report.kernels.filter(isWanted), ({ series, flavour, arch }) => `${series} ${flavour} ${arch}`)
  return [...branches.values()].map((own) => own.toSorted(compareKernels).at(-1)!).toSorted(compareKernels)
}

/** By series; then what mainline has had for the longest time; what was never merged, or when is not known, last. */
function byAge(a: Gap, b: Gap): number {
  const age = ({ mainline }: Gap): string => mainline ?? '999.0'
  return (
    compareSeries(a.series, b.series) ||
    compareText(a.kernel, b.kernel) ||
    compareSeries(age(a), age(b)) ||
    compareText(a.case, b.case)
  )
}

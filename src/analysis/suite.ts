/** Builds the SuiteReport: subtests in rows across kernels, differences between kernels, and changes along versions. */
import type { Kernel } from '#domain/kernel.ts'
import type {
  ResultCounts,
  ResultStatus,
  SuiteCell,
  SuiteChange,
  SuiteReport,
  SuiteResult,
  SuiteRow,
} from '#domain/report/suite.ts'
import { compareKernels, compareText } from './matrix/matrix.ts'

/** From the best to those that say nothing. */
export const RESULT_STATUSES = [
  'pass',
  'xfail',
  'fail',
  'skip',
  'error',
  'not-reported',
] as const satisfies readonly ResultStatus[]

/** The result for the exit status of a program, where that says more than its tests. */
const EXIT_STATUS = 'exit status'

export type SuiteReportInputs = Omit<SuiteReport, 'schema' | 'rows' | 'changes' | 'counts'>

/** Build the report; the same inputs in any order give the same report. */
export function buildSuiteReport(parts: SuiteReportInputs): SuiteReport {
  const kernels = parts.kernels.toSorted(compareKernels)
  const programs = parts.programs.toSorted((a, b) => compareText(a.id, b.id))
  const place = (list: readonly { readonly id: string }[], id: string) => list.findIndex((one) => one.id === id)
  const cells = parts.cells.toSorted(
    (a, b) => place(programs, a.program) - place(programs, b.program) || place(kernels, a.kernel) - place(kernels, b.kernel),
  )
  const rows = programs.flatMap(({ id }) =>
    rowsOf(
      id,
      cells.filter((cell) => cell.program === id),
    ),
  )
  return {
    ...parts,
    schema: 'kwitness.suite-report/1',
    kernels,
    programs,
    cells,
    rows,
    changes: rows.flatMap((row) => changesOf(row, kernels)),
    counts: Object.fromEntries(kernels.map(({ id }) => [id, countsOf(rows, id)])),
  }
}

/** The rows of one program. A test that another kernel reported is `not-reported` where the program ran without it. */
function rowsOf(program: string, measured: readonly SuiteCell[]): SuiteRow[] {
  const cells = withoutNumbers(measured)
  const known = cells.map(({ results }) => new Map(results.map((result) => [result.test, result])))
  return inOrder(cells.map(({ results }) => results.map(({ test }) => test))).map((test) => {
    const results = cells.map((cell, index) => {
      const { status, reason } = known[index]?.get(test) ?? unreported(cell, test)
      return { kernel: cell.kernel, status, reason }
    })
    const compared = cells.flatMap((cell, index) => (isAnswer(cell) ? (results[index] ?? []) : []))
    return { program, test, results, differs: new Set(compared.map(({ status }) => status)).size > 1 }
  })
}

const numberless = (test: string): string => test.replaceAll(/\d+(?:\.\d+)?/g, 'N')

/**
 * Names that contain a measurement (`Extra pages 46`) differ from run to run: the test gets a name without numbers, if kernels
 * differ in the numbers and no kernel has two tests of that name.
 */
function withoutNumbers(cells: readonly SuiteCell[]): SuiteCell[] {
  const variants = new Map<string, Set<string>>()
  const twice = new Set<string>()
  for (const { results } of cells) {
    const own = new Set<string>()
    for (const { test } of results) {
      const key = numberless(test)
      if (own.has(key)) twice.add(key)
      own.add(key)
      variants.set(key, (variants.get(key) ?? new Set()).add(test))
    }
  }
  const nameOf = (test: string): string => {
    const key = numberless(test)
    return !twice.has(key) && (variants.get(key)?.size ?? 0) > 1 ? key : test
  }
  return cells.map((cell) => ({ ...cell, results: cell.results.map((one) => ({ ...one, test: nameOf(one.test) })) }))
}

/** Whether the program ran there, however it ended: a fault of the host or the boot says nothing about the kernel. */
export function isAnswer({ outcome }: Pick<SuiteCell, 'outcome'>): boolean {
  return outcome !== null && outcome !== 'infra' && outcome !== 'no-boot'
}

/** The result of a test that a kernel did not report. */
function unreported({ outcome, summary, results }: SuiteCell, test: string): Pick<SuiteResult, 'status' | 'reason'> {
  if (outcome !== 'reported') return { status: 'not-reported', reason: summary }
  if (test === EXIT_STATUS && results.length > 0) return { status: 'pass', reason: 'it agrees with the results' }
  return { status: 'not-reported', reason: 'not reported on this kernel' }
}

/**
 * The names of all lists, each once, in an order that keeps the order of every list as far as they agree: a name that only a
 * later list has comes behind its predecessor there.
 */
export function inOrder(lists: readonly (readonly string[])[]): string[] {
  const order: string[] = []
  const known = new Set<string>()
  for (const list of lists) {
    let behind = -1
    for (const name of list) {
      if (known.has(name)) behind = order.indexOf(name)
      else {
        behind += 1
        order.splice(behind, 0, name)
        known.add(name)
      }
    }
  }
  return order
}

/** Statuses that say something about the kernel, worst first. */
const RANK: Partial<Record<ResultStatus, number>> = { fail: 0, xfail: 1, pass: 2 }

function changesOf({ program, test, results }: SuiteRow, kernels: readonly Kernel[]): SuiteChange[] {
  const statuses = new Map(results.map(({ kernel, status }) => [kernel, status]))
  const branches = Map.groupBy(kernels, ({ flavour, arch }) => `${arch}/${flavour}`)
  return [...branches.values()].flatMap((branch) => {
    const answers = branch.flatMap(({ id }) => {
      const status = statuses.get(id)
      return status === undefined || status === 'not-reported' || status === 'error' ? [] : [{ id, status }]
    })
    return answers.flatMap((after, index): SuiteChange[] => {
      const before = answers[index - 1]
      if (!before || before.status === after.status) return []
      const kind = kindOf(before.status, after.status)
      return [{ program, test, kind, before: before.id, after: after.id, from: before.status, to: after.status }]
    })
  })
}

function kindOf(from: ResultStatus, to: ResultStatus): SuiteChange['kind'] {
  const [was, is] = [RANK[from], RANK[to]]
  if (was === undefined || is === undefined) return 'change'
  return is < was ? 'regression' : 'improvement'
}

function countsOf(rows: readonly SuiteRow[], kernel: string): ResultCounts {
  const own = rows.map(({ results }) => results.find((result) => result.kernel === kernel)?.status)
  const count = (status: ResultStatus) => own.filter((one) => one === status).length
  return Object.fromEntries(RESULT_STATUSES.map((status) => [status, count(status)])) as ResultCounts
}

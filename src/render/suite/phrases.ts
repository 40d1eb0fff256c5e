/** Words and sentences for results of suites, which are separate from those of verdicts. */
import { isAnswer } from '#analysis/suite.ts'
import type { ResultStatus, SuiteCell, SuiteChange, SuiteReport, SuiteRow } from '#domain/report/suite.ts'
import { many } from '#domain/numbers.ts'
import { rangeOf } from '../text/format.ts'

interface ResultLabel {
  /** For one test, and for several. */
  readonly one: string
  readonly many: string
  readonly meaning: string
}

export const RESULT_LABELS: Readonly<Record<ResultStatus, ResultLabel>> = {
  pass: { one: 'passes', many: 'pass', meaning: 'the test passed' },
  xfail: { one: 'fails as expected', many: 'fail as expected', meaning: 'it failed, as its author expects' },
  fail: { one: 'fails', many: 'fail', meaning: 'the test failed' },
  skip: { one: 'is skipped', many: 'are skipped', meaning: 'the test does not apply here' },
  error: { one: 'fails with an error', many: 'fail with an error', meaning: 'the test ran into an error of its own' },
  'not-reported': { one: 'is not reported', many: 'are not reported', meaning: 'the program did not report the test' },
}

/** `passes on 6.12.118, fails on 6.1.192`: statuses in kernel order. */
function spreadOf(results: SuiteRow['results'], number: 'one' | 'many', label: (kernel: string) => string): string {
  return [...Map.groupBy(results, ({ status }) => status)]
    .map(([status, own]) => `${RESULT_LABELS[status][number]} on ${rangeOf(own.map(({ kernel }) => label(kernel)))}`)
    .join(', ')
}

/** Rows of one program that differ in the same way. */
export interface ResultDifference {
  readonly program: string
  readonly spread: string
  readonly tests: readonly string[]
}

/** Differences between kernels, with rows that differ in the same way grouped, in the order of the report. */
export function differencesOf({ rows, cells }: SuiteReport, label: (kernel: string) => string): ResultDifference[] {
  const answered = new Set(cells.filter(isAnswer).map(({ kernel, program }) => `${kernel}/${program}`))
  const answersOf = ({ program, results }: SuiteRow) => results.filter(({ kernel }) => answered.has(`${kernel}/${program}`))
  const differing = rows.filter(({ differs }) => differs)
  const groups = Map.groupBy(differing, (row) => JSON.stringify([row.program, answersOf(row).map(({ status }) => status)]))
  return [...groups.values()].flatMap((own) => {
    const [first] = own
    if (!first) return []
    const spread = spreadOf(answersOf(first), own.length === 1 ? 'one' : 'many', label)
    return [{ program: first.program, spread, tests: own.map(({ test }) => test) }]
  })
}

/** Changes of one program and kind between the same two kernels. */
export interface ChangeGroup extends Omit<SuiteChange, 'test'> {
  readonly tests: readonly string[]
}

/** Regressions, then improvements, then other changes along versions. */
export function changeGroupsOf({ changes }: SuiteReport): ChangeGroup[] {
  const order: readonly SuiteChange['kind'][] = ['regression', 'improvement', 'change']
  const groups = Map.groupBy(changes, ({ test: _, ...rest }) => JSON.stringify(rest))
  const all = [...groups.values()].flatMap((own): ChangeGroup[] => {
    const [first] = own
    if (!first) return []
    const { test: _, ...rest } = first
    return [{ ...rest, tests: own.map(({ test }) => test) }]
  })
  return order.flatMap((kind) => all.filter((group) => group.kind === kind))
}

/** The first few names in one line. */
export function namesOf(tests: readonly string[], limit = 3): string {
  const shown = tests.slice(0, limit).join('; ')
  return tests.length > limit ? `${shown}; and ${tests.length - limit} more` : shown
}

/** The result of a program on a kernel in a few words: `12 pass, 1 fail`, `crashed: BUG: ...`. */
export function cellWords({ outcome, summary }: SuiteCell, statuses: readonly ResultStatus[]): string {
  if (outcome === null) return 'no attempt'
  if (outcome !== 'reported') return `${outcome === 'unrelated-crash' ? 'crashed' : outcome}: ${summary}`
  const counts = Map.groupBy(statuses, (status) => status)
  const order = Object.keys(RESULT_LABELS) as ResultStatus[]
  return order.flatMap((status) => (counts.has(status) ? [`${counts.get(status)?.length} ${status}`] : [])).join(', ')
}

/** `kselftest:mm of linux-source-6.12 6.12.118-1: 412 subtests of 16 programs on 3 kernels`. */
export function suiteSize(report: SuiteReport): string {
  const { suite, rows, programs, kernels, run } = report
  const size = `${many(rows.length, 'subtest')} of ${many(programs.length, 'program')} on ${many(kernels.length, 'kernel')}`
  return `${suite.name} of ${suite.tree.label}: ${size}${run.complete ? '' : ', not complete yet'}`
}

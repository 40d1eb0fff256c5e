/** The results of one run of a suite's program: its subtests in a flat list, by names that are comparable across kernels. */
import type { Oracle } from '#domain/case.ts'
import type { Ending } from '#domain/evidence.ts'
import type { ResultStatus, SuiteResult } from '#domain/report/suite.ts'
import type { TestPoint, TestStatus, TestStream } from '#domain/tests.ts'

/** The result for a program's exit status, where that says more than its tests. */
const EXIT_STATUS = 'exit status'
/** kselftest.h: KSFT_SKIP. */
const SKIPPED = 4

const STATUS: Readonly<Record<TestStatus, ResultStatus>> = {
  pass: 'pass',
  fail: 'fail',
  skip: 'skip',
  xfail: 'xfail',
  todo: 'xfail',
  timeout: 'error',
  error: 'error',
  'not-reported': 'not-reported',
}

/** `[RUN] name` above results. Above a single result it is the test's name; above several it is the test they belong to. */
const RUN = /^\[RUN\]\s*(\S.*)$/
/** kselftest_harness.h prints a test's name so before it begins, and does not repeat it for a skip. */
const HARNESS_RUN = /^\s*RUN\s{2,}(\S.*?) \.\.\.$/

/**
 * The results of a program, and what its exit status adds: a failure that no test reported, a skip of the whole, or, for the
 * oracle `exit-status`, the only result. Empty if the program reported nothing: that is never a pass.
 */
export function resultsOf(tests: TestStream, ending: Ending, oracle: Oracle): SuiteResult[] {
  const { documents } = tests
  const said = numbered(documents.flatMap(({ points, skipAll }) => [...leavesOf(points, []), ...wholeSkip(skipAll, points)]))
  if (ending.kind !== 'exited' || ending.exit.timedOut || ending.exit.code === null) return said
  const { code } = ending.exit
  const bailOut = documents.find((document) => document.bailOut !== null)?.bailOut ?? null
  const own = (status: ResultStatus): SuiteResult => {
    const last = code === 0 || said.length > 0 ? '' : documents.at(-1)?.diagnostics.findLast((line) => line.trim() !== '')
    const words = [`exit status ${code}`, bailOut ?? last ?? '']
    return { test: EXIT_STATUS, status, reason: words.filter(Boolean).join(': '), line: null }
  }
  const tellsFailure = said.some(({ status }) => status === 'fail' || status === 'error')
  if (code !== 0 && code !== SKIPPED) return tellsFailure ? said : [...said, own('fail')]
  if (said.length > 0) return said
  if (code === SKIPPED) return [own('skip')]
  return oracle === 'exit-status' ? [own('pass')] : []
}

function wholeSkip(reason: string | null, points: readonly TestPoint[]): SuiteResult[] {
  return reason === null || points.length > 0 ? [] : [{ test: EXIT_STATUS, status: 'skip', reason, line: null }]
}

/** Tests without children, named with their parents. */
function leavesOf(points: readonly TestPoint[], above: readonly string[]): SuiteResult[] {
  return runsOf(points).flatMap(({ run, own }) =>
    own.flatMap((point) => {
      if (point.children.length > 0) return leavesOf(point.children, [...above, plain(point.name) || `test ${point.number}`])
      const isRun = run !== null && own.length === 1
      const { name, reason } = isRun ? { name: run, reason: point.name || point.reason } : named(point)
      const test = [...above, isRun ? '' : plain(run ?? ''), plain(name)].filter(Boolean).join(' / ')
      return [{ test, status: STATUS[point.status], reason: plain(reason), line: point.line ?? null }]
    }),
  )
}

interface Begun {
  /** The name after `[RUN]`; null without one. */
  readonly run: string | null
  readonly own: TestPoint[]
}

/** Points grouped by the `[RUN]` above them. A planned point that was not reported has none. */
function runsOf(points: readonly TestPoint[]): readonly Begun[] {
  return points.reduce<Begun[]>((runs, point) => {
    const begun = point.diagnostics.map((line) => RUN.exec(line)?.[1]).findLast((name) => name !== undefined)
    const last = runs.at(-1)
    if (begun === undefined && last && (point.line !== undefined || last.run === null)) last.own.push(point)
    else runs.push({ run: begun ?? null, own: [point] })
    return runs
  }, [])
}

/** The name of a result; for some, kselftest.h prints a directive in its place, and the name behind it. */
function named(point: TestPoint): { readonly name: string; readonly reason: string } {
  const { name, status, reason, number, diagnostics } = point
  if (name !== '') return { name, reason }
  const begun = diagnostics.map((line) => HARNESS_RUN.exec(line)?.[1]).findLast((found) => found !== undefined)
  if (begun !== undefined) return { name: begun, reason }
  // A skipped test puts its reason behind its name, in parentheses.
  const [, inFront, behind] = status !== 'skip' ? [] : (/^(.*\S)\s*\(([^()]*)\)$/.exec(reason) ?? [])
  if (inFront !== undefined) return { name: inFront, reason: behind ?? '' }
  return reason === '' ? { name: `test ${number}`, reason } : { name: reason, reason: '' }
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** The second result of a name gets a number. */
function numbered(results: readonly SuiteResult[]): SuiteResult[] {
  const seen = new Map<string, number>()
  return results.map((result) => {
    const count = (seen.get(result.test) ?? 0) + 1
    seen.set(result.test, count)
    return count === 1 ? result : { ...result, test: `${result.test} (${count})` }
  })
}

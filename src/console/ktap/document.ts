/** One document of the tree into points: every result accounted for, each status the worst of what is said. */
import type { TestDocument, TestPoint, TestProblem, TestStatus } from '#domain/tests.ts'
import { accountFor, nameOf, wasSeen } from './missing.ts'
import { askTapParser } from './tap-parser.ts'
import { takeAll } from './line-buffer.ts'
import type { RawDocument, RawResult } from './raw.ts'

/** Problems of one kind listed of one document. */
const MOST_OF_A_KIND = 50

const BAD: ReadonlySet<TestStatus> = new Set(['fail', 'error', 'timeout', 'not-reported'])

/**
 * Resolve a document and its children: statuses from result and directive, a parent from its children, planned results
 * that never came as `missing`. Problems of children are told in the document's, with the child's name.
 */
export function resolveDocument(raw: RawDocument): TestDocument {
  const { plan, bailOut } = raw
  const planned = plan?.last ?? null
  const skipAll = planned === 0 && plan?.directive.status === 'skip' ? plan.directive.reason : null
  const problems = [...raw.problems]
  const report = (kind: TestProblem['kind'], message: string, line: number | null = null) => {
    problems.push({ kind, message, line })
  }

  const answer = askTapParser(
    planned,
    raw.results.map(({ said }) => said),
    bailOut !== null,
  )
  const came = raw.results.map((result, index) => {
    const { number, complaint } = answer.points[index]!
    const point = resolveResult(result, number, problems)
    if (complaint) report('bad-number', `result ${nameOf(point)}: ${complaint}`, result.line)
    return point
  })
  const last = came.at(-1)
  const orphans = raw.waiting.map((child, index) => resolveOrphan(child, (last?.number ?? 0) + 1 + index, problems))
  const { points, missing, message } = accountFor(came, orphans, planned)
  if (missing > 0) {
    const seen = last ? `the last seen is ${nameOf(last)}` : 'none was seen'
    report('missing-result', `${message}; ${seen}`, raw.results.at(-1)?.line)
  }
  if (answer.complaints.includes('no plan')) report('no-plan', 'there is no plan line')
  if (!points.some(wasSeen) && skipAll === null) report('no-tests', 'no test reported')
  if (came.length > 0 && planned === 0) report('protocol', 'there are results under a plan of none')
  return { points, planned, skipAll, bailOut, diagnostics: takeAll(raw.notes), problems: firstFew(problems) }
}

function resolveResult({ said, line, diagnostics, children }: RawResult, number: number, problems: TestProblem[]): TestPoint {
  const { name, reason } = said
  const status = said.status ?? (said.ok ? 'pass' : 'fail')
  const own: TestPoint = { number, name, status, reason, line, diagnostics, children: [] }
  const report = (kind: TestProblem['kind'], what: string) => {
    problems.push({ kind, message: `result ${nameOf(own)} ${what}`, line })
  }
  if (said.unknown) report('unknown-directive', `has the unknown directive ${said.unknown}`)
  if (said.badNumber) report('bad-number', `calls itself number ${said.badNumber}`)
  const point = withChildren(own, children, problems)
  if (own.status === 'pass' && BAD.has(point.status)) report('protocol', 'says ok over children that did not pass')
  return point
}

/** Children whose parent's result never came stand under a point made for them. */
function resolveOrphan(child: RawDocument, number: number, problems: TestProblem[]): TestPoint {
  const own: TestPoint = { number, name: child.name, status: 'not-reported', reason: '', diagnostics: [], children: [] }
  return withChildren(own, [child], problems)
}

function withChildren(own: TestPoint, raws: readonly RawDocument[], problems: TestProblem[]): TestPoint {
  let point = own
  for (const raw of raws) {
    const child = resolveDocument(raw)
    for (const problem of child.problems) problems.push({ ...problem, message: `in ${nameOf(own)}: ${problem.message}` })
    const bailOut = child.bailOut === null ? [] : [`Bail out! ${child.bailOut}`]
    point = {
      ...point,
      ...statusOver(point, child),
      diagnostics: [...point.diagnostics, ...child.diagnostics, ...bailOut],
      children: [...point.children, ...child.points],
    }
  }
  return point
}

/** What a child document makes of its parent: a parent fails with its child, and is in error if the child gave up. */
function statusOver({ status, reason }: TestPoint, child: TestDocument): { status: TestStatus; reason: string } {
  const gaveUp = child.bailOut !== null && (status === 'pass' || status === 'fail')
  if (gaveUp) return { status: 'error', reason: reason || (child.bailOut ?? '') }
  if (child.skipAll !== null && status === 'pass') return { status: 'skip', reason: reason || child.skipAll }
  const failed = child.points.some((point) => BAD.has(point.status))
  return { status: failed && (status === 'pass' || status === 'skip') ? 'fail' : status, reason }
}

/** A stream of one mistake repeated must not hide the others: so many of each kind. */
function firstFew(problems: readonly TestProblem[]): readonly TestProblem[] {
  const counts = new Map<string, number>()
  const few = problems.filter(({ kind }) => {
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    return count <= MOST_OF_A_KIND
  })
  const more = problems.length - few.length
  return more === 0 ? few : [...few, { kind: 'protocol', message: `${more} more problems are not listed`, line: null }]
}

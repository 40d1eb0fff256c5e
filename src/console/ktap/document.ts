/** Turns one document of the tree into points: every result is accounted for, and the worst status counts. */
import type { TestDocument, TestPoint, TestProblem, TestStatus } from '#domain/tests.ts'
import { drain } from './line-buffer.ts'
import { accountFor, nameOf, wasSeen } from './missing.ts'
import { createNumbering } from './numbers.ts'
import type { ProblemList } from './problems.ts'
import { NO_NUMBER, type Draft, type Extra, type RawDocument } from './raw.ts'

const BAD: ReadonlySet<TestStatus> = new Set(['fail', 'error', 'timeout', 'not-reported'])

/**
 * Resolve a document and its children: statuses from result and directive, a parent from its children, planned results
 * that never came as `missing`. Problems of children are listed with the document's own, under the child's name.
 */
export function resolveDocument(raw: RawDocument): TestDocument {
  const { plan, bailOut, problems, extras } = raw
  const planned = plan?.last ?? null
  const skipAll = planned === 0 && plan?.directive.status === 'skip' ? plan.directive.reason : null
  const report = (kind: TestProblem['kind'], message: string, line: number | null = null) => problems.add(kind, message, line)

  const lastLine = raw.results.at(-1)?.line
  const numbering = createNumbering(planned)
  const came: TestPoint[] = raw.results
  for (const [index, draft] of raw.results.entries()) {
    const { number, problem } = numbering.next(draft.number === NO_NUMBER ? null : draft.number)
    draft.number = number
    const extra = extras.get(index)
    if (extra) came[index] = resolveExtra(draft, extra, problems)
    if (problem) report('bad-number', `result ${nameOf(came[index]!)}: ${problem}`, draft.line)
  }
  const last = came.at(-1)
  const orphans = raw.waiting.map((child, index) => resolveOrphan(child, (last?.number ?? 0) + 1 + index, problems))
  const { points, missing, message } = accountFor(came, orphans, planned, raw.unlisted?.numbers)
  if (missing > 0) {
    const seen = last ? `the last seen is ${nameOf(last)}` : 'there is none'
    report('missing-result', `${message}; ${seen}`, lastLine ?? null)
  }
  // A plan of none is a plan that promises nothing.
  if ((planned ?? 0) === 0 && came.length > 0 && bailOut === null) report('no-plan', 'there is no plan line')
  if (!points.some(wasSeen) && skipAll === null) report('no-tests', 'no test reported')
  if (came.length > 0 && planned === 0) report('protocol', 'there are results under a plan of none')
  return { points, planned, skipAll, bailOut, diagnostics: drain(raw.notes), problems: problems.all() }
}

/** A result with children, or with something wrong in its line. */
function resolveExtra(own: Draft, { unknown, badNumber, children }: Extra, problems: ProblemList): TestPoint {
  const report = (kind: TestProblem['kind'], what: string) =>
    problems.add(kind, `result ${nameOf(own)} ${what}`, own.line ?? null)
  if (unknown) report('unknown-directive', `has the unknown directive ${unknown}`)
  if (badNumber) report('bad-number', `calls itself number ${badNumber}`)
  const point = withChildren(own, children, problems)
  if (own.status === 'pass' && BAD.has(point.status)) report('protocol', 'says ok over children that did not pass')
  return point
}

/** Children whose parent's result never came stand under a point made for them. */
function resolveOrphan(child: RawDocument, number: number, problems: ProblemList): TestPoint {
  const own: TestPoint = { number, name: child.name, status: 'not-reported', reason: '', diagnostics: [], children: [] }
  return withChildren(own, [child], problems)
}

function withChildren(own: TestPoint, raws: readonly RawDocument[], problems: ProblemList): TestPoint {
  let point = own
  for (const raw of raws) {
    const child = resolveDocument(raw)
    for (const { kind, message, line } of child.problems) problems.add(kind, `in ${nameOf(own)}: ${message}`, line)
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

/** Turns one document of the tree into points: every result is accounted for, and the worst status counts. */
import type { TestDocument, TestPoint, TestProblem, TestStatus } from '#domain/tests.ts'
import { drain } from './line-buffer.ts'
import { accountFor, accountForRest, nameOf, wasSeen, type Accounted } from './missing.ts'
import { problemOf, Numbering, type BadNumber } from './numbers.ts'
import { addProblem, isOnlyCounted, problemsOf, type Problematic } from './problems.ts'
import { NO_NUMBER, type Draft, type Extra, type RawDocument } from './raw.ts'
import type { Room } from './room.ts'

/** Length from which an array's room for more is little beside what it holds. */
const MIN_GROWN = 32
const NO_MESSAGE = () => ''

const BAD: ReadonlySet<TestStatus> = new Set(['fail', 'error', 'timeout', 'not-reported'])

/**
 * Resolve a document and its children: statuses from result and directive, a parent from its children, planned results
 * that never came as `missing`. Problems of children are listed with the document's own, under the child's name.
 */
export function resolveDocument(raw: RawDocument): TestDocument {
  const { plan, bailOut, extras, room } = raw
  const planned = plan?.last ?? null
  const skipAll = planned === 0 && plan?.directive.status === 'skip' ? plan.directive.reason : null
  const report = (kind: TestProblem['kind'], message: () => string, line: number | null = null) =>
    addProblem(raw, kind, message, line)

  const lastLine = raw.results.at(-1)?.line
  const numbering = new Numbering(planned)
  const came: TestPoint[] = raw.results
  let inOrder = raw.unlisted === null && raw.waiting.length === 0
  for (let index = 0; index < came.length; index += 1) {
    const draft = raw.results[index]!
    const own = draft.number === NO_NUMBER ? null : draft.number
    draft.number = numbering.next(own)
    inOrder &&= draft.number === index + 1
    if (extras !== null) resolveExtraAt(index, raw)
    if (numbering.bad !== null && !isOnlyCounted(raw, 'bad-number')) reportNumber(raw, came[index]!, numbering.bad, own)
  }
  const last = came.at(-1)
  const { points, missing, message } = inOrder ? accountInOrder(came, planned, room) : accountForAll(raw, came, planned)
  if (missing > 0) {
    const seen = last ? `the last seen is ${nameOf(last)}` : 'there is none'
    report('missing-result', () => `${message()}; ${seen}`, lastLine ?? null)
  }
  // A plan of none is a plan that promises nothing.
  if ((planned ?? 0) === 0 && came.length > 0 && bailOut === null) report('no-plan', () => 'there is no plan line')
  if (!points.some(wasSeen) && skipAll === null) report('no-tests', () => 'no test reported')
  if (came.length > 0 && planned === 0) report('protocol', () => 'there are results under a plan of none')
  // An array that was pushed to has room for 16 more, and a stream can have as many documents as lines.
  const own = points.length < MIN_GROWN ? points.slice() : points
  return { points: own, planned, skipAll, bailOut, diagnostics: drain(raw.notes), problems: problemsOf(raw) }
}

function reportNumber(of: Problematic, point: TestPoint, bad: BadNumber, own: number | null): void {
  addProblem(of, 'bad-number', () => `result ${nameOf(point)}: ${problemOf(bad, own)}`, point.line ?? null)
}

/** Most documents have all that they planned, one after the other; a stream that was cut lacks the last. */
function accountInOrder(came: readonly TestPoint[], planned: number | null, room: Room): Accounted {
  if (planned !== null && planned > came.length) return accountForRest(came, planned, room)
  return { points: came, missing: 0, message: NO_MESSAGE }
}

function accountForAll(raw: RawDocument, came: readonly TestPoint[], planned: number | null): Accounted {
  const first = (came.at(-1)?.number ?? 0) + 1
  const orphans = raw.waiting.map((child, index) => resolveOrphan(child, first + index, raw))
  return accountFor(came, orphans, planned, raw.unlisted?.numbers ?? null, raw.room)
}

function resolveExtraAt(index: number, raw: RawDocument): void {
  const extra = raw.extras?.get(index)
  if (extra) raw.results[index] = resolveExtra(raw.results[index]!, extra, raw)
}

/** A result with children, or with something wrong in its line. */
function resolveExtra(own: Draft, { unknown, badNumber, children }: Extra, of: Problematic): TestPoint {
  const report = (kind: TestProblem['kind'], what: string) =>
    addProblem(of, kind, () => `result ${nameOf(own)} ${what}`, own.line ?? null)
  if (unknown) report('unknown-directive', `has the unknown directive ${unknown}`)
  if (badNumber) report('bad-number', `calls itself number ${badNumber}`)
  const point = withChildren(own, children, of)
  if (own.status === 'pass' && BAD.has(point.status)) report('protocol', 'says ok over children that did not pass')
  return point
}

/** Children whose parent's result never came stand under a point made for them. */
function resolveOrphan(child: RawDocument, number: number, of: Problematic): TestPoint {
  const own: TestPoint = { number, name: child.name, status: 'not-reported', reason: '', diagnostics: [], children: [] }
  return withChildren(own, [child], of)
}

function withChildren(own: TestPoint, raws: readonly RawDocument[], of: Problematic): TestPoint {
  if (raws.length === 0) return own
  let { status, reason } = own
  const diagnostics = [...own.diagnostics]
  const children = [...own.children]
  for (const raw of raws) {
    const child = resolveDocument(raw)
    for (const { kind, message, line } of child.problems) addProblem(of, kind, () => `in ${nameOf(own)}: ${message}`, line)
    const over = statusOver(status, reason, child)
    status = over.status
    reason = over.reason
    for (const line of child.diagnostics) diagnostics.push(line)
    if (child.bailOut !== null) diagnostics.push(`Bail out! ${child.bailOut}`)
    for (const point of child.points) children.push(point)
  }
  return { ...own, status, reason, diagnostics, children }
}

/** What a child document makes of its parent: a parent fails with its child, and is in error if the child gave up. */
function statusOver(status: TestStatus, reason: string, child: TestDocument): { status: TestStatus; reason: string } {
  const gaveUp = child.bailOut !== null && (status === 'pass' || status === 'fail')
  if (gaveUp) return { status: 'error', reason: reason || (child.bailOut ?? '') }
  if (child.skipAll !== null && status === 'pass') return { status: 'skip', reason: reason || child.skipAll }
  const failed = child.points.some((point) => BAD.has(point.status))
  return { status: failed && (status === 'pass' || status === 'skip') ? 'fail' : status, reason }
}

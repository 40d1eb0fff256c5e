/** Turns one document of the tree into points: every result is accounted for, and the worst status counts. */
import type { TestDocument, TestPoint, TestProblem, TestStatus } from '#domain/tests.ts'
import { drain } from './line-buffer.ts'
import { accountFor, accountForRest, nameOf, wasSeen, type Accounted } from './missing.ts'
import { problemOf, Numbering, NumberSet, type BadNumber } from './numbers.ts'
import { addProblem, isOnlyCounted, problemsOf, type Problematic } from './problems.ts'
import { NO_NUMBER, type Extra, type RawDocument } from './raw.ts'
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
  const { plan, bailOut, ownNumbers, extras, room } = raw
  const planned = plan?.last ?? null
  const skipAll = planned === 0 && plan?.directive.status === 'skip' ? plan.directive.reason : null
  const report = (kind: TestProblem['kind'], message: () => string, line: number | null = null) =>
    addProblem(raw, kind, message, line)

  const lastLine = raw.results.at(-1)?.line
  const numbering = new Numbering(planned)
  const came: TestPoint[] = raw.results
  /** Numbers given, once they are not those from 1 on. */
  let given: NumberSet | null = null
  let highest = 0
  let nextExtra = 0
  let counted = 0
  for (let index = 0; index < ownNumbers.length; index += 1) {
    const own = ownNumbers[index] === NO_NUMBER ? null : ownNumbers[index]!
    const number = numbering.next(own)
    if (number > highest) highest = number
    if (given === null && number !== index + 1) given = new NumberSet(index)
    if (given !== null) given.add(number)
    if (extras !== null && extras[nextExtra]?.index === index) {
      came[index] = resolveExtra(came[index]!, extras[nextExtra]!, raw)
      nextExtra += 1
    }
    // Once such problems are only counted, they are to the end of the document.
    if (numbering.bad === null) continue
    if (counted > 0 || isOnlyCounted(raw, 'bad-number')) counted += 1
    else reportNumber(raw, came[index]!, numbering.bad, own)
  }
  if (counted > 1) raw.problems!.more += counted - 1
  const last = came.at(-1)
  const inOrder = given === null && raw.unlisted === null && raw.waiting.length === 0
  const { points, missing, message } = inOrder
    ? accountInOrder(came, planned, room)
    : accountForAll(raw, given ?? new NumberSet(came.length), planned, highest)
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

/** `seen` are the numbers of the results that were kept, and `highest` is the highest of them. */
function accountForAll(raw: RawDocument, seen: NumberSet, planned: number | null, highest: number): Accounted {
  const { results: came, waiting, unlisted, room } = raw
  const first = (came.at(-1)?.number ?? 0) + 1
  const orphans = waiting.map((child, index) => resolveOrphan(child, first + index, raw))
  const expected = planned ?? Math.max(highest, orphans.at(-1)?.number ?? 0, unlisted?.numbers.max ?? 0)
  if (unlisted !== null) seen.addAll(unlisted.numbers)
  return accountFor(came, seen, orphans, expected, room)
}

/** A result with children, or with something wrong in its line. */
function resolveExtra(own: TestPoint, { unknown, badNumber, children }: Extra, of: Problematic): TestPoint {
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

/** Turns one document of the tree into points: every result is accounted for, and the worst status counts. */
import type { TestDocument, TestPoint, TestProblem, TestStatus } from '#domain/tests.ts'
import { drain } from './line-buffer.ts'
import { accountFor, accountForRest, nameOf, wasSeen, wordsOf, type Accounted } from './missing.ts'
import { problemOf, Numbering, NumberSet, type BadNumber } from './numbers.ts'
import { addProblem, isOnlyCounted, passProblems, problemsOf, type Problematic } from './problems.ts'
import { NO_NUMBER, type Extra, type RawDocument } from './raw.ts'
import type { Room } from './room.ts'

/** Length from which an array's room for more is little beside what it holds. */
const MIN_GROWN = 32
const NO_POINTS: readonly TestPoint[] = []
const NO_NUMBERS: Numbers = { given: null, highest: 0 }
const NO_PLAN = () => 'there is no plan line'
const NO_TESTS = () => 'no test reported'
const PLAN_OF_NONE = () => 'there are results under a plan of none'

const BAD: ReadonlySet<TestStatus> = new Set(['fail', 'error', 'timeout', 'not-reported'])
const isBad = ({ status }: TestPoint) => BAD.has(status)

/**
 * Resolve a document and its children: statuses from result and directive, a parent from its children, planned results
 * that never came as `missing`. Problems of children are listed with the document's own, under the child's name.
 */
export function resolveDocument(raw: RawDocument): TestDocument {
  const points = resolvePoints(raw)
  const planned = raw.plan?.last ?? null
  const { bailOut, notes } = raw
  return { points, planned, skipAll: skipAllOf(raw), bailOut, diagnostics: drain(notes), problems: problemsOf(raw) }
}

/** Why a document was skipped as a whole; null where it was not. */
function skipAllOf({ plan }: RawDocument): string | null {
  return plan?.last === 0 && plan.directive.status === 'skip' ? plan.directive.reason : null
}

// A stream can have as many documents as lines: what makes a message, and what few documents need, stands apart.

/** The points of a document; their problems are added to it. */
function resolvePoints(raw: RawDocument): readonly TestPoint[] {
  const { bailOut, ownNumbers, room } = raw
  const came: TestPoint[] = raw.results
  const planned = raw.plan?.last ?? null
  const { given, highest } = ownNumbers.length === 0 ? NO_NUMBERS : resolveNumbers(raw, planned)
  const last = came.at(-1)
  const inOrder = given === null && raw.unlisted === null && raw.waiting.length === 0
  const accounted = inOrder
    ? accountInOrder(came, planned, room)
    : accountForAll(raw, given ?? new NumberSet(came.length), planned, highest)
  const { points } = accounted
  if (accounted.missing > 0) reportMissing(raw, accounted, last)
  // A plan of none is a plan that promises nothing.
  if ((planned ?? 0) === 0 && came.length > 0 && bailOut === null) addProblem(raw, 'no-plan', NO_PLAN, null)
  if (!points.some(wasSeen) && skipAllOf(raw) === null) addProblem(raw, 'no-tests', NO_TESTS, null)
  if (came.length > 0 && planned === 0) addProblem(raw, 'protocol', PLAN_OF_NONE, null)
  if (points.length === 0) return NO_POINTS
  // An array that was pushed to has room for 16 more, and a stream can have as many documents as lines.
  return points.length < MIN_GROWN ? points.slice() : points
}

interface Numbers {
  /** Numbers given; null while they are those from 1 on. */
  readonly given: NumberSet | null
  readonly highest: number
}

/** Hold the numbers of results against the plan, and resolve the results that have more than a number. */
function resolveNumbers(raw: RawDocument, planned: number | null): Numbers {
  const { results: came, ownNumbers, extras } = raw
  const numbering = new Numbering(planned)
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
  return { given, highest }
}

function reportNumber(of: Problematic, point: TestPoint, bad: BadNumber, own: number | null): void {
  addProblem(of, 'bad-number', () => `result ${nameOf(point)}: ${problemOf(bad, own)}`, point.line ?? null)
}

/** Report what never came behind the `last` result. */
function reportMissing(of: Problematic, accounted: Accounted, last: TestPoint | undefined): void {
  const seen = () => (last ? `the last seen is ${nameOf(last)}` : 'there is none')
  addProblem(of, 'missing-result', () => `${wordsOf(accounted)}; ${seen()}`, last?.line ?? null)
}

/** Most documents have all that they planned, one after the other; a stream that was cut lacks the last. */
function accountInOrder(came: readonly TestPoint[], planned: number | null, room: Room): Accounted {
  if (planned !== null && planned > came.length) return accountForRest(came, planned, room)
  return { points: came, missing: 0, expected: came.length, lost: NO_POINTS }
}

/** `seen` are the numbers of the results that were kept, and `highest` is the highest of them. */
function accountForAll(raw: RawDocument, seen: NumberSet, planned: number | null, highest: number): Accounted {
  const { results: came, waiting, unlisted, room } = raw
  const orphans = waiting.length === 0 ? NO_POINTS : resolveOrphans(raw)
  const expected = planned ?? Math.max(highest, orphans.at(-1)?.number ?? 0, unlisted?.numbers.max ?? 0)
  if (unlisted !== null) seen.addAll(unlisted.numbers)
  return accountFor(came, seen, orphans, expected, room)
}

/** Children whose parents' results never came stand under points made for these, numbered from behind the last result. */
function resolveOrphans(raw: RawDocument): readonly TestPoint[] {
  const first = (raw.results.at(-1)?.number ?? 0) + 1
  return raw.waiting.map((child, index) => resolveOrphan(child, first + index, raw))
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

function resolveOrphan(child: RawDocument, number: number, of: Problematic): TestPoint {
  const own: TestPoint = { number, name: child.name, status: 'not-reported', reason: '', diagnostics: [], children: [] }
  return withChildren(own, [child], of)
}

function withChildren(own: TestPoint, raws: readonly RawDocument[], of: Problematic): TestPoint {
  if (raws.length === 0) return own
  let { status, reason, diagnostics, children } = own
  for (const raw of raws) {
    const points = resolvePoints(raw)
    passProblems(raw, of, own)
    const over = statusOver(status, reason, raw, points)
    status = over.status
    reason = over.reason
    diagnostics = joined(diagnostics, drain(raw.notes))
    if (raw.bailOut !== null) diagnostics = [...diagnostics, `Bail out! ${raw.bailOut}`]
    children = joined(children, points)
  }
  return { ...own, status, reason, diagnostics, children }
}

/** Both lists in one, which is one of them where the other is empty. */
function joined<T>(before: readonly T[], behind: readonly T[]): readonly T[] {
  if (behind.length === 0) return before
  return before.length === 0 ? behind : [...before, ...behind]
}

/** What a child document makes of its parent: a parent fails with its child, and is in error if the child gave up. */
function statusOver(
  status: TestStatus,
  reason: string,
  child: RawDocument,
  points: readonly TestPoint[],
): { status: TestStatus; reason: string } {
  const gaveUp = child.bailOut !== null && (status === 'pass' || status === 'fail')
  if (gaveUp) return { status: 'error', reason: reason || (child.bailOut ?? '') }
  const skipAll = status === 'pass' ? skipAllOf(child) : null
  if (skipAll !== null) return { status: 'skip', reason: reason || skipAll }
  const failed = points.some(isBad)
  return { status: failed && (status === 'pass' || status === 'skip') ? 'fail' : status, reason }
}

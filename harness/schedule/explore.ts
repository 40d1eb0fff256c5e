/** All trials of a schedule in one guest: the path, the kernel without the fix, the kernel as it is, and the second cut. */
import { InfraError } from '#domain/errors.ts'
import type { ScheduleRecord } from '#domain/race/schedule.ts'
import { chooseBoundaries, oncePerClass } from './classes.ts'
import type { Point } from './path/path.ts'
import { findDisable, withPatches, type Patch } from './disable.ts'
import { exploreSecondCut } from './second-cut.ts'
import { LostGuest, VoidTrial, type Session } from './session.ts'
import {
  keyOf,
  measurePath,
  mustGoOn,
  onePreemption,
  OutOfTime,
  runsOf,
  tryBoundary,
  type BoundaryResult,
  type ExploreContext,
} from './trials.ts'

/** Of the kernel without the fix every so many boundaries are tried first, and more of them until there is a hit. */
const COARSE = 16
type Results = Map<number, BoundaryResult>

/** The path through the window, and for each boundary the one that is tried in its stead. */
interface Way {
  readonly path: readonly Point[]
  readonly chosen: readonly number[]
}

/** The trials so far, and why there are no more. */
interface Explored {
  readonly record: ScheduleRecord
  /** Why the guest cannot go on by itself; null where it can. */
  readonly lost: string | null
}

/** Every so many boundaries up to the last. */
const everyBoundary = (step: number, last: number): number[] =>
  Array.from({ length: Math.ceil((last + 1) / step) }, (_, index) => index * step)

/** The instruction of the path that a patch changes; null when the path does not come to it. */
function instructionOf(path: readonly Point[], { begins }: Pick<Patch, 'begins'>): number | null {
  const index = path.findIndex(({ rip }) => begins.includes(rip))
  return index < 0 ? null : index
}

/**
 * The ways to disable the fix that change the path, those first of which it passes the largest part. It need not pass all of a
 * way: an instruction that is copied to each end of a function is passed at one of them.
 */
export function waysOnPath<T extends Pick<Patch, 'begins'>>(
  path: readonly Point[],
  ways: readonly (readonly T[])[],
): (readonly T[])[] {
  const shareOf = (patches: readonly T[]): number =>
    patches.filter((patch) => instructionOf(path, patch) !== null).length / patches.length
  return ways.filter((patches) => shareOf(patches) > 0).toSorted((a, b) => shareOf(b) - shareOf(a))
}

/** What was seen without the fix, and the offset of its member as the instructions have it; null where it is not known. */
interface WithoutFix {
  readonly disabled: ScheduleRecord['disabled']
  readonly offset: number | null
}

/** Try the kernel without the fix: of several ways to disable it, the first one that shows the bug, or else the last. */
async function exploreDisabled(session: Session, context: ExploreContext, way: Way): Promise<WithoutFix> {
  const { path } = way
  const { disable } = context.bound.schedule
  if (disable === null)
    return { disabled: { problem: 'no instruction can be changed to the same effect', asked: false }, offset: null }
  const ways = await findDisable(session, context)
  if (typeof ways === 'string') return { disabled: { problem: ways }, offset: null }
  const problem = `the path does not come to an instruction that increments ${disable.member}`
  let last: WithoutFix = { disabled: { problem }, offset: null }
  for (const patches of waysOnPath(path, ways)) {
    const disabled = await exploreWith(session, context, way, patches)
    last = { disabled, offset: patches[0]?.offset ?? null }
    if (disabled.problem === null && disabled.runs.some(({ hit }) => hit)) return last
  }
  return last
}

/** Try the kernel with these patches: everywhere coarsely, finer until there is a hit, and around each hit to its edges. */
async function exploreWith(
  session: Session,
  context: ExploreContext,
  { path, chosen }: Way,
  patches: readonly Patch[],
): Promise<ScheduleRecord['disabled']> {
  const instructions = patches.flatMap((patch) => instructionOf(path, patch) ?? []).toSorted((a, b) => a - b)
  return withPatches(session, patches, async () => {
    const other = await measurePath(session, context.bound, path)
    if (typeof other === 'string') return { problem: other }
    if (keyOf(other) !== keyOf(path)) return { problem: 'without the fix the path through the window is another one' }
    const results: Results = new Map()
    const attempt = oncePerClass(chosen, async (k) => {
      await mustGoOn(context)
      return tryBoundary(session, true, onePreemption(session, context.bound, path, k))
    })
    for (let step = COARSE; step >= 1 && ![...results.values()].some(({ hit }) => hit); step /= 2)
      await tryAround(results, everyBoundary(step, path.length - 1), path.length - 1, attempt)
    return { problem: null, instructions, runs: runsOf(results, COARSE) }
  })
}

/** Try these boundaries, and from each hit or void on its neighbours in both directions, until one is clean. */
async function tryAround(
  results: Results,
  first: readonly number[],
  last: number,
  attempt: (k: number) => Promise<BoundaryResult>,
): Promise<void> {
  const todo = [...first]
  for (let k = todo.shift(); k !== undefined; k = todo.shift()) {
    if (k < 0 || k > last || results.has(k)) continue
    const result = await attempt(k)
    results.set(k, result)
    if (result.hit || result.end === 'void') todo.push(k - 1, k + 1)
  }
}

/** The first and the last boundary of every hit of the kernel without the fix. */
function edgesOf(disabled: ScheduleRecord['disabled']): number[] {
  const hits = disabled.problem === null ? disabled.runs.filter(({ hit }) => hit) : []
  const edges = [hits[0]?.from, hits.at(-1)?.to].filter((edge) => edge !== undefined)
  return [...new Set(edges)]
}

/** The instructions around each hit, and those that were disabled. */
async function codeAtEdges(
  { kernel, disabled }: ScheduleRecord,
  path: readonly Point[],
  { disassemble }: ExploreContext,
): Promise<ScheduleRecord['code']> {
  const tried = disabled.problem === null ? disabled : { runs: [], instructions: [] }
  const edges = [...kernel, ...tried.runs].filter(({ hit }) => hit).flatMap(({ from, to }) => [from - 1, to])
  const wanted = [...new Set([...edges, ...tried.instructions])].toSorted((a, b) => a - b)
  const lines = []
  for (const at of wanted) {
    const point = path[at]
    const text = point ? await disassemble(point.rip) : null
    if (text !== null) lines.push({ at, text })
  }
  return lines
}

const NOT_TRIED = { problem: 'it was not tried' } as const

/** Make all trials. What was seen before the guest was lost, or the time was over, is in the record with the reason. */
export async function explore(session: Session, context: ExploreContext): Promise<Explored> {
  const kernel: Results = new Map()
  const trials = new Set<number>()
  let record: ScheduleRecord = {
    schema: 'kwitness.schedule/1',
    problem: null,
    path: [],
    kernel: [],
    trials: 0,
    disabled: NOT_TRIED,
    secondCut: NOT_TRIED,
    code: [],
  }
  try {
    await mustGoOn(context)
    const path = await measurePath(session, context.bound)
    if (typeof path === 'string') return { record: { ...record, problem: path }, lost: null }
    record = { ...record, path: path.map(({ rip }) => session.symbols.name(rip)) }
    const chosen = context.isExhaustive ? [] : await chooseBoundaries(session, path)
    const attempt = oncePerClass(chosen, async (k) => {
      await mustGoOn(context)
      trials.add(k)
      return tryBoundary(session, false, onePreemption(session, context.bound, path, k))
    })
    const [from, to] = context.boundaries
    for (let k = from; k < path.length && k <= to; k += 1) kernel.set(k, await attempt(k))
    record = { ...record, kernel: runsOf(kernel), trials: trials.size }
    const { disabled, offset } = await exploreDisabled(session, context, { path, chosen })
    record = { ...record, disabled }
    record = { ...record, code: await codeAtEdges(record, path, context) }
    const secondCut = await exploreSecondCut(session, context, path, { edges: edgesOf(disabled), offset })
    return { record: { ...record, secondCut }, lost: null }
  } catch (error) {
    if (!(error instanceof VoidTrial || error instanceof LostGuest || error instanceof InfraError)) throw error
    const stopped = { ...record, kernel: runsOf(kernel), trials: trials.size, problem: error.message }
    return { record: stopped, lost: error instanceof OutOfTime ? null : error.message }
  }
}

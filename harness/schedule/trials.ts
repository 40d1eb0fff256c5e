/** Trials of a schedule: the same one again until it counts, and their results as runs of neighbouring boundaries. */
import type { BoundaryRun, TrialEnd } from '#domain/race/schedule.ts'
import { enterSecond, runIntoWindow, runSecond, stepThrough, walkTo, type BoundSchedule } from './actors.ts'
import type { ImageFacts } from './bind.ts'
import type { Point } from './path/path.ts'
import { beginTrial, Disturbed, endTrial, FIRST, SECOND, VoidTrial, type Session } from './session.ts'

/** Tries of one boundary. Interrupts are many, and say nothing of it. */
const MAX_TRIES = { void: 3, disturbed: 30 } as const
/** Disturbed tries after which an actor is walked carefully. */
const CAREFUL_AFTER = 6
/** A hit must come up as often in a row. */
const HITS_IN_A_ROW = 3
/** Measurements until a path has been seen twice. */
const MAX_MEASUREMENTS = 8

export interface ExploreContext {
  readonly bound: BoundSchedule
  readonly image: ImageFacts
  /** The first and the last boundary that are tried of the kernel as it is. */
  readonly boundaries: readonly [from: number, to: number]
  /** Whether a trial is made at each boundary, also where it comes to the same as its neighbour's. */
  readonly isExhaustive: boolean
  /** Why no more trials may be made, in one clause; null as long as they may. Throws where the run was stopped. */
  readonly check: () => Promise<string | null>
  /** The instruction at this address as text; null where it is not known. */
  readonly disassemble: (address: bigint) => Promise<string | null>
}

/** No more trials: the guest can go on. */
export class OutOfTime extends VoidTrial {}

/** To be called before each trial. Throws OutOfTime. */
export async function mustGoOn({ check }: Pick<ExploreContext, 'check'>): Promise<void> {
  const why = await check()
  if (why !== null) throw new OutOfTime(why)
}

export type BoundaryResult = Pick<BoundaryRun, 'end' | 'hit' | 'why'>

/** A trial between `beginTrial` and `endTrial`. Returns how the second actor's run ended; throws VoidTrial. */
type Act = (careful: boolean) => Promise<TrialEnd>

/** Make one trial. Throws VoidTrial when it does not count; LostGuest when no further one can be made. */
async function makeTrial(session: Session, disabled: boolean, act: Act, careful = false): Promise<BoundaryResult> {
  await beginTrial(session, disabled)
  let end: TrialEnd
  try {
    end = await act(careful)
  } catch (error) {
    if (error instanceof VoidTrial) await endVoidTrial(session)
    throw error
  }
  return { end, hit: await endTrial(session), why: '' }
}

/** End a trial that does not count, whatever its actors came to. */
async function endVoidTrial(session: Session): Promise<void> {
  try {
    await endTrial(session)
  } catch (error) {
    if (!(error instanceof VoidTrial)) throw error
  }
}

/** Try until a trial counts. Throws LostGuest when no further one can be made. */
async function tryUntilItCounts(session: Session, disabled: boolean, act: Act): Promise<BoundaryResult> {
  let why = ''
  const tries = { void: 0, disturbed: 0 }
  while (tries.void < MAX_TRIES.void && tries.disturbed < MAX_TRIES.disturbed) {
    try {
      return await makeTrial(session, disabled, act, tries.disturbed >= CAREFUL_AFTER)
    } catch (error) {
      if (!(error instanceof VoidTrial)) throw error
      tries[error instanceof Disturbed ? 'disturbed' : 'void'] += 1
      why = error.message
    }
  }
  return { end: 'void', hit: false, why }
}

/** Try until a trial counts, and a hit until it has come up several times in a row: one that does not is void. */
export async function tryBoundary(session: Session, disabled: boolean, act: Act): Promise<BoundaryResult> {
  const first = await tryUntilItCounts(session, disabled, act)
  if (!first.hit || disabled) return first
  for (let hits = 1; hits < HITS_IN_A_ROW; hits += 1) {
    const again = await tryUntilItCounts(session, disabled, act)
    if (!again.hit) return { end: 'void', hit: false, why: `the bug was seen in ${hits} of ${hits + 1} trials alike` }
  }
  return first
}

/** The act of one preemption: the first actor to boundary k, then the second one. */
export function onePreemption(session: Session, bound: BoundSchedule, path: readonly Point[], k: number): Act {
  return async (careful) => {
    const entry = await runIntoWindow(session, bound)
    await walkTo(session, FIRST, entry, { path, k, careful })
    return (await runSecond(session, bound, entry)).kind
  }
}

/**
 * The path through the window, seen twice; or why there is none, in one clause. With the fix disabled (`usual` is the path
 * without that) the usual one counts as seen once. Throws LostGuest.
 */
export function measurePath(session: Session, bound: BoundSchedule, usual?: readonly Point[]): Promise<Point[] | string> {
  return seenTwice(session, usual ?? null, 'through the window', async (keep) => {
    const entry = await runIntoWindow(session, bound)
    keep(await stepThrough(session, FIRST, entry))
    return (await runSecond(session, bound, entry)).kind
  })
}

/** The path of the second actor from this function on, before the first one enters the window; the same way. */
export function measureSecondPath(session: Session, bound: BoundSchedule, start: bigint): Promise<Point[] | string> {
  return seenTwice(session, null, 'of the second actor', async (keep) => {
    keep(await stepThrough(session, SECOND, await enterSecond(session, start)))
    const entry = await runIntoWindow(session, bound)
    return (await runSecond(session, bound, entry)).kind
  })
}

/** A path as one word, the same for the same instructions at the same depths. */
export const keyOf = (path: readonly Point[]): string => path.map(({ rip, depth }) => `${rip} ${depth}`).join()

/** A path that was seen twice; `of` says of what, and `act` hands over the one that it stepped through. */
async function seenTwice(
  session: Session,
  usual: readonly Point[] | null,
  of: string,
  act: (keep: (path: Point[]) => void) => ReturnType<Act>,
): Promise<Point[] | string> {
  const seen = new Set(usual ? [keyOf(usual)] : [])
  let why = `no path ${of} was seen twice`
  for (let measurement = 0; measurement < MAX_MEASUREMENTS; measurement += 1) {
    let path: Point[] = []
    const result = await tryOnce(session, usual !== null, () => act((stepped) => (path = stepped)))
    if (result !== null) why = result
    const key = keyOf(path)
    if (path.length > 0 && seen.has(key)) return path
    seen.add(key)
  }
  return why
}

/** Make one trial; null when it counts, else why it does not. */
async function tryOnce(session: Session, disabled: boolean, act: Act): Promise<string | null> {
  try {
    await makeTrial(session, disabled, act)
    return null
  } catch (error) {
    if (!(error instanceof VoidTrial)) throw error
    return error.message
  }
}

/** Results by boundary as runs of equal ones, in order. Boundaries up to `gap` apart are neighbours. */
export function runsOf(results: ReadonlyMap<number, BoundaryResult>, gap = 1): BoundaryRun[] {
  const runs: BoundaryRun[] = []
  for (const [k, { end, hit, why }] of [...results].toSorted(([a], [b]) => a - b)) {
    const last = runs.at(-1)
    if (last && k - last.to <= gap && last.end === end && last.hit === hit && last.why === why)
      runs[runs.length - 1] = { ...last, to: k }
    else runs.push({ from: k, to: k, end, hit, why })
  }
  return runs
}

/**
 * The second preemption: the second actor stopped on its own path before the first one enters the window. One preemption cannot
 * see a fix whose second half, a comparison by the second actor, is missing.
 */
import type { ScheduleRecord, SecondCutRuns } from '#domain/race/schedule.ts'
import { enterSecond, runIntoWindow, runSecond, walkTo } from './actors.ts'
import { chooseBoundaries, oncePerClass } from './classes.ts'
import { findComparisons, withPatches, type Patch } from './disable.ts'
import type { Point } from './path/path.ts'
import { FIRST, LeftPath, SECOND, type Session } from './session.ts'
import { measureSecondPath, mustGoOn, runsOf, tryBoundary, type BoundaryResult, type ExploreContext } from './trials.ts'

type SecondCut = ScheduleRecord['secondCut']
type Control = Extract<SecondCut, { readonly problem: null }>['control']

/** Of the second actor's instructions every so many are tried. */
const EVERY = 8

/** The two paths, and where the second one begins. */
interface Paths {
  readonly start: bigint
  readonly first: readonly Point[]
  readonly second: readonly Point[]
  /** For each boundary of the second actor the one that is tried in its stead. */
  readonly chosen: readonly number[]
}

/** Try the edges of the window of the kernel without the fix, with the second actor stopped on its way first. */
export async function exploreSecondCut(
  session: Session,
  context: ExploreContext,
  first: readonly Point[],
  { edges, offset }: { readonly edges: readonly number[]; readonly offset: number | null },
): Promise<SecondCut> {
  const { bound, image } = context
  const wanted = bound.schedule.secondCut
  if (wanted === null) return { problem: 'the case does not ask for it', asked: false }
  const [edge] = edges
  if (edge === undefined) return { problem: 'no edges of a window are known' }
  const symbol = wanted.functions.find((name) => image.symbols.address(name) !== null)
  if (symbol === undefined) return { problem: `the kernel has none of the functions ${wanted.functions.join(', ')}` }
  const start = image.symbols.address(symbol) ?? 0n
  const second = await measureSecondPath(session, bound, start)
  if (typeof second === 'string') return { problem: second }
  const chosen = context.isExhaustive ? [] : await chooseBoundaries(session, second)
  const paths = { start, first, second, chosen }
  const cuts: SecondCutRuns[] = []
  for (const boundary of edges) cuts.push(await tryCut(session, context, paths, boundary, false))
  const control = await exploreControl(session, context, paths, { boundary: edge, offset })
  return { problem: null, symbol, instructions: second.length - 1, every: EVERY, cuts, control }
}

/** Try every few instructions of the second actor with the first one at this boundary: all of them, or up to the first hit. */
async function tryCut(
  session: Session,
  context: ExploreContext,
  { start, first, second, chosen }: Paths,
  boundary: number,
  isControl: boolean,
): Promise<SecondCutRuns> {
  const { bound } = context
  const results = new Map<number, BoundaryResult>()
  const attempt = oncePerClass(chosen, async (j) => {
    await mustGoOn(context)
    return tryBoundary(session, isControl, async (careful) => {
      const own = await enterSecond(session, start)
      await walkTo(session, SECOND, own, { path: second, k: j, careful })
      const entry = await runIntoWindow(session, bound)
      const isThere = await walkTo(session, FIRST, entry, { path: first, k: boundary, careful }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof LeftPath) return false
          throw error
        },
      )
      const { kind } = await runSecond(session, bound, entry)
      return isThere ? kind : 'passed'
    })
  })
  for (let j = 0; j < second.length - 1; j += EVERY) {
    const result = await attempt(j)
    results.set(j, result)
    if (isControl && result.hit) break
  }
  return { boundary, runs: runsOf(results, EVERY) }
}

/** The positive control of the second preemption: the comparison of the second actor counts for nothing. */
async function exploreControl(
  session: Session,
  context: ExploreContext,
  paths: Paths,
  { boundary, offset }: { readonly boundary: number; readonly offset: number | null },
): Promise<Control> {
  const patch = await findCheck(session, context, paths, offset)
  if (typeof patch === 'string') return { problem: patch }
  const cut = await withPatches(session, [patch], () => tryCut(session, context, paths, boundary, true))
  return { problem: null, branch: session.symbols.name(patch.address), cut }
}

/**
 * The branch behind the comparison; or why it is not known, in one clause. An image without types does not say where the member
 * lies: `learned` is its offset in the instructions that were disabled. Where the function has several such branches, because the
 * compiler copied one or more is compared, it is the one on the path of the second actor.
 */
export async function findCheck(
  session: Session,
  { bound, image }: Pick<ExploreContext, 'bound' | 'image'>,
  { start, second = [] }: Pick<Paths, 'start'> & Partial<Pick<Paths, 'second'>>,
  learned: number | null = null,
): Promise<Patch | string> {
  const { secondCut, disable } = bound.schedule
  const member = secondCut?.check ?? null
  if (member === null) return 'the case names no comparison'
  const offset = image.offsetOf ? image.offsetOf(member) : member === disable?.member ? learned : null
  if (offset === null) return `the image does not say where ${member} lies`
  const code = await session.stub.read(FIRST, start, Number(image.symbols.end(start) - start))
  const all = code ? findComparisons(code, start, offset) : []
  const passed = all.filter(({ address }) => second.some(({ rip }) => rip === address))
  const found = all.length > 1 && passed.length > 0 ? passed : all
  const [patch, ...more] = found
  if (patch && more.length === 0) return patch
  return `${found.length === 0 ? 'no branch' : `${found.length} branches`} of ${image.symbols.name(start)} by ${member}`
}

/**
 * Classes of boundaries at which a trial comes to the same. Boundaries k and k + 1 differ by instruction k alone: whether it is
 * executed before or after the other actor's part. Where it is local, neither can tell. So one trial stands for all of them.
 */
import { stopsTo, type Point } from './path/path.ts'
import { FIRST, type Session } from './session.ts'
import { trapOn } from './trap-kind.ts'
import type { TrapKind } from './traps.ts'
import { isLocal } from './path/local-code.ts'

/** Longest instruction of x86. */
const MAX_BYTES = 15
/** What a stop costs beside the cheapest. After a breakpoint QEMU translates all code anew. */
const COST: Readonly<Record<TrapKind, number>> = { tell: 1, spin: 3, break: 100 }

/** Neighbouring boundaries as ranges, by which instructions of the path are local: there is one boundary more than these. */
export function classesOf(local: readonly boolean[]): { readonly from: number; readonly to: number }[] {
  const classes = [{ from: 0, to: 0 }]
  for (const [index, isSame] of local.entries()) {
    const last = classes.at(-1)
    if (isSame && last) classes[classes.length - 1] = { ...last, to: index + 1 }
    else classes.push({ from: index + 1, to: index + 1 })
  }
  return classes
}

/** For each boundary of a path the one that is tried in its stead: of each class that which is reached most cheaply. */
export async function chooseBoundaries(session: Session, path: readonly Point[]): Promise<readonly number[]> {
  const { traps, stub } = session
  traps.clear()
  const rips = [...new Set(path.map(({ rip }) => rip))]
  const codes = await Promise.all(rips.map((rip) => stub.read(FIRST, rip, MAX_BYTES)))
  const local = new Map(rips.map((rip, index) => [rip, isLocal(codes[index] ?? Buffer.alloc(0))]))
  const chosen: number[] = []
  for (const { from, to } of classesOf(path.slice(0, -1).map(({ rip }) => local.get(rip) ?? false))) {
    const members = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    const costs: number[] = []
    for (const k of members) costs.push(members.length > 1 ? await costOf(session, path, k) : 0)
    const best = from + costs.indexOf(Math.min(...costs))
    chosen.push(...members.map(() => best))
  }
  return chosen
}

/** What it costs to bring an actor to boundary k. */
async function costOf(session: Session, path: readonly Point[], k: number): Promise<number> {
  let [cost, from] = [0, 0]
  for (const index of stopsTo(path, k)) {
    const { kind } = await trapOn(session, path, from, index)
    cost += COST[kind]
    from = index
  }
  return cost
}

/** The results of `attempt`, which is made once for each class. */
export function oncePerClass<T>(chosen: readonly number[], attempt: (k: number) => Promise<T>): (k: number) => Promise<T> {
  const known = new Map<number, T>()
  return async (k) => {
    const own = chosen[k] ?? k
    const result = known.get(own) ?? (await attempt(own))
    known.set(own, result)
    return result
  }
}

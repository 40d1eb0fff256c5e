/** One line about what a run has from earlier ones. */
import type { ReusePlan } from '#run/reuse/reuse.ts'
import { RERUN_CHANGED, type Rerun } from '#plan/reuse.ts'
import type { Reusing } from '#run/lifecycle.ts'
import type { KernelContext } from '#harness/kernels/index.ts'

/** How a new run of these options reuses earlier results. */
export function reusing(
  { rerun = RERUN_CHANGED, seed }: { readonly rerun?: Rerun; readonly seed?: string },
  kernels: KernelContext,
): Reusing {
  return { kernels, rerun, seedIsGiven: seed !== undefined }
}

/** `462 results reused from earlier runs (newest 2026-11-30 00:12), 14 run`; null where nothing is reused. */
export function reuseLine({ reused, fresh, newest }: Pick<ReusePlan, 'reused' | 'fresh' | 'newest'>): string | null {
  if (newest === null) return null
  const results = `${reused} ${reused === 1 ? 'result' : 'results'} reused from earlier runs`
  return `${results} (newest ${newest.slice(0, 16).replace('T', ' ')}), ${fresh} run; --rerun all runs everything`
}

/** Say on stderr what a run reuses. */
export function tellReuse(reuse: ReusePlan | undefined): void {
  const line = reuse && reuseLine(reuse)
  if (line) process.stderr.write(`kwitness: ${line}\n`)
}

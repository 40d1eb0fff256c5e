/** What the phases of a night share. */
import type { KernelContext } from '#harness/kernels/index.ts'
import type { Describe } from '#harness/support/lock.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { NightlyConfig } from '#schema/nightly/config.ts'
import type { NightState } from '#schema/nightly/night.ts'
import type { Progress } from '../output/progress.ts'
import { reportOfRun, withStore } from '../output/stored-report.ts'
import { writeState, type Places } from './state.ts'

export interface NightContext {
  readonly config: NightlyConfig
  readonly places: Places
  readonly kernels: KernelContext
  readonly progress: Progress
  /** Says what the night does, for whoever finds the lock taken. */
  readonly describe: Describe
  /** Milliseconds of performance.now() after which no attempt starts. */
  readonly deadline: number
  readonly cores: number | undefined
  state: NightState
}

/** Note what the night has come to: from here a killed one goes on. */
export async function note(context: NightContext, changes: Partial<NightState>): Promise<void> {
  context.state = { ...context.state, ...changes }
  await writeState(context.places, context.state)
}

/** Note that something went wrong which does not end the night, and say it. */
export async function noteProblem(context: NightContext, text: string): Promise<void> {
  console.error(`kwitness: ${text}`)
  if (!context.state.problems.includes(text)) await note(context, { problems: [...context.state.problems, text] })
}

/** Earlier nights that are asked for a result that a night did not come to, and whether an image gave both answers. */
const MAX_EARLIER = 5

/** The report of the night's run, and of the nights before it that are still stored, the newest first. */
export async function loadReports(run: string, earlier: readonly string[]): Promise<{ tonight: Report; before: Report[] }> {
  return withStore(async (store) => {
    const stored = new Set(await store.runIds())
    const before: Report[] = []
    for (const id of earlier.filter((one) => stored.has(one)).slice(0, MAX_EARLIER)) {
      before.push(await reportOfRun(store, await store.readRun(id)))
    }
    return { tonight: await reportOfRun(store, await store.readRun(run)), before }
  })
}

/** The first phase of a night: choose, plan and run, within the budget. A night that was killed goes on with its run. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import type { RunEvent } from '#run/context/events.ts'
import type { DebianIndex } from '#schema/cache/debian.ts'
import { scanRuns } from '#run/results/scan.ts'
import { executeRun, resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { hasStore, openStoreForReading } from '#store/index.ts'
import { RERUN_CHANGED } from '#plan/reuse.ts'
import { given } from '../options/values.ts'
import { note, noteProblem, type NightContext } from './context.ts'
import { tellSkipped } from '../output/problems.ts'

/** Run what the night asks, and note its run. */
export async function runPhase(context: NightContext): Promise<void> {
  const { kernels, config } = context
  const opened = (await findOpenRun(context)) ?? (await startNewRun(context))
  if (opened === 'finished') return
  const failed = new Map<string, string>()
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'kernel-failed') failed.set(event.kernel, event.message)
    context.progress.onEvent(event)
  }
  try {
    context.describe(`run ${opened.record.id}`)
    const mayStart = (seconds: number): boolean => performance.now() + seconds * 1000 < context.deadline
    await executeRun(opened, { kernels, onEvent, mayStart, ...given({ cores: context.cores, gitTree: config.gitTree }) })
  } finally {
    opened.store.close()
    for (const [kernel, message] of failed) await noteProblem(context, `${kernel} was not available: ${message}`)
    await note(context, { failed: [...new Set([...context.state.failed, ...failed.keys()])].toSorted() })
  }
}

/** The run that the killed night has created: to go on with, or finished. Null where it has none. */
async function findOpenRun(context: NightContext): Promise<OpenRun | 'finished' | null> {
  const { state } = context.kernels.workspace
  const id = context.state.run ?? (await findUnnoted(context))
  if (id === null) return null
  await note(context, { run: id })
  const store = await openStoreForReading(state)
  const isFinished = await store
    .readRun(id)
    .then(({ finishedAt }) => finishedAt !== null)
    .finally(() => store.close())
  if (isFinished) return 'finished'
  try {
    return await resumeRun({ which: id, folder: state, onSkipped: tellSkipped }, context.kernels)
  } catch (error) {
    context.kernels.signal?.throwIfAborted()
    if (!(error instanceof UserError) && !(error instanceof InfraError)) throw error
    await noteProblem(context, `run ${id} of the interrupted night cannot go on: ${error.message}`)
    await note(context, { run: null, out: outOf(context, `after ${id}`) })
    return null
  }
}

/**
 * The run that a night created just before it was killed: its plan names the folder of the night. Other checkouts may have
 * started runs since.
 */
async function findUnnoted({ kernels: { workspace }, state: { out, startedAt } }: NightContext): Promise<string | null> {
  if (!hasStore(workspace.state)) return null
  const store = await openStoreForReading(workspace.state)
  try {
    for await (const { run, plan } of scanRuns(store, tellSkipped, (one) => one.startedAt >= startedAt)) {
      if (plan.out === out) return run.id
    }
    return null
  } finally {
    store.close()
  }
}

/** A folder that no other night names; nothing is written there. */
export function outOf({ places }: Pick<NightContext, 'places'>, startedAt: string): string {
  return join(places.out, createHash('sha256').update(startedAt).digest('hex').slice(0, 12))
}

async function startNewRun(context: NightContext): Promise<OpenRun> {
  const { config, kernels, progress, state, describe } = context
  describe('choosing kernels')
  const { raceSeconds, maxMissProbability, interleavings } = config
  const request = {
    kernels: config.kernels,
    cases: config.cases,
    noSnapshot: false,
    ...(interleavings ? {} : { races: 'by chance' as const }),
    out: state.out,
    ...given({ raceSeconds, maxMissProbability }),
  }
  let mirror: DebianIndex | null | undefined
  const { common, inputs } = await prepare(request, { ...kernels, onIndex: (index) => (mirror = index) }, progress.onEvent)
  if (config.refresh && (mirror === null || mirror?.reached === false)) {
    const since = mirror === null ? 'only kernels in the cache are known' : `the kernels are those of ${mirror.refreshedAt}`
    await noteProblem(context, `the mirror could not be reached, so new kernels go unnoticed: ${since}`)
  }
  // What is new, what has changed and what gave no answer runs in any case.
  const rerun = { ...RERUN_CHANGED, inconclusive: true, sample: { share: config.sample }, oldest: config.oldest }
  const reusing = { kernels, rerun, seedIsGiven: false }
  const opened = await startRun(kernels.workspace.state, { ...common, kind: 'matrix' }, inputs, reusing)
  await note(context, { run: opened.record.id })
  const { kernels: chosen, cases } = opened.plan
  const { reused = 0, fresh = 0 } = opened.reuse ?? {}
  const size = `${chosen.length} kernels x ${cases.length} cases`
  console.error(`kwitness: night ${opened.record.id}: ${size}, ${reused} results reused, ${fresh} to be made`)
  return opened
}

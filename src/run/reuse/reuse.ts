/** Plans which results of a run come from earlier runs, and gives them to it. */
import { findCachedKernel, type KernelContext } from '#harness/kernels/index.ts'
import { startSpan } from '#harness/support/spans.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { KernelImage } from '#domain/kernel.ts'
import { cellsOf, isOfMachine, seedOf, type Cell } from '#plan/cells.ts'
import type { Plan } from '#plan/plan.ts'
import { inputOf, isRace } from '#plan/race-schedule.ts'
import { agreeingAnswers, chooseReused, REUSING, type Rerun, type Reusable } from '#plan/reuse.ts'
import type { AttemptRecord, ReadRuns } from '#store/ports.ts'
import { answersOf } from '#verdict/attempt/retry.ts'
import { judgeCell } from '#verdict/cell/judge.ts'
import { judgedAttemptsOf, type JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import type { GuestInputs } from '../context/context.ts'
import { createStoredJudge, type StoredJudge } from '../report/stored-attempts.ts'
import { createIdentify } from './identify.ts'

/** Repetitions of a deterministic attempt that are looked at: most of them have an answer. */
const MAX_REPETITIONS = 8
/** Attempts of a race on one kernel that are looked at: a run makes a few dozen at most. */
const MAX_RACE_ATTEMPTS = 200

export interface ReuseRequest {
  readonly plan: Plan
  readonly inputs: GuestInputs
  readonly store: ReadRuns
  readonly kernels: KernelContext
  readonly rerun: Rerun
  /** The user asked for this seed: only attempts that were made with it are reused. */
  readonly seedIsGiven: boolean
}

/** What a run reuses. */
export interface ReusePlan {
  readonly attempts: readonly AttemptRecord[]
  /** Results that these attempts give, and those that the run has to make. */
  readonly reused: number
  readonly fresh: number
  /** ISO 8601: when the newest of the attempts started; null without any. */
  readonly newest: string | null
}

interface Found extends Reusable {
  readonly attempts: readonly AttemptRecord[]
}

/** An attempt in the store, with its judgement by today's rules. */
interface Judged extends JudgedAttempt {
  readonly record: AttemptRecord
}

/** Find what a plan can have from earlier runs. Kernels that are not in the cache are not asked: nothing is fetched or built. */
export async function planReuse(request: ReuseRequest): Promise<ReusePlan> {
  using _ = startSpan('reuse')
  const { plan, rerun } = request
  const cells = cellsOf(plan).filter(({ kernel }) => !isOfMachine(kernel))
  const found = REUSING.includes(plan.kind) && !rerun.all ? await findReusable(request, cells) : []
  const chosen = chooseReused(found, rerun, plan.seed)
  const attempts = chosen.flatMap((one) => one.attempts)
  const newest = chosen.reduce<string | null>((latest, { at }) => (latest === null || at > latest ? at : latest), null)
  return { attempts, reused: chosen.length, fresh: cells.length - chosen.length, newest }
}

async function findReusable(request: ReuseRequest, cells: readonly Cell[]): Promise<Found[]> {
  const { plan, inputs, kernels } = request
  const identify = createIdentify(plan, inputs, kernels)
  const isFinished = createFinished(request.store)
  const judge = await createStoredJudge(request.store)
  const found: Found[] = []
  for (const own of Map.groupBy(cells, ({ kernel }) => kernel.id).values()) {
    const image = own[0] ? await findCachedKernel(own[0].kernel, kernels) : null
    for (const cell of image ? own : []) {
      const one = await findCell(request, cell, image as KernelImage)
      if (one) found.push(one)
    }
  }
  judge.keep()
  return found

  async function findCell({ store }: ReuseRequest, cell: Cell, image: KernelImage): Promise<Found | null> {
    const known = await identify(cell, image)
    if (known === null) return null
    const history = await store.attemptsLike(known.identity, isRace(cell) ? MAX_RACE_ATTEMPTS : MAX_REPETITIONS)
    if (history.length === 0) return null
    const judged = await judgeAll(judge, history, cell)
    const chosen = isRace(cell) ? await raceOf(judged, isFinished) : agreeingAnswers(judged).filter(isAsWanted).slice(0, 1)
    if (chosen.length === 0 || !chosen.every(isAsWanted)) return null
    const { verdict } = judgeCell(cell.case, inputOf(plan, cell, chosen, []))
    const at = chosen.map(({ startedAt }) => startedAt).toSorted()
    return { cell, verdict, at: at.at(-1) ?? '', attempts: chosen.map(({ record }) => record) }

    function isAsWanted({ record: { evidence } }: Judged): boolean {
      return isOfGuest(evidence, plan) && (!request.seedIsGiven || evidence.job.seed === seedOf(plan, cell, evidence.job.attempt))
    }
  }
}

/** Whether the guest of an attempt is one that the plan allows. */
function isOfGuest({ guest: { origin } }: Evidence, { noSnapshot, noFork }: Plan): boolean {
  return noSnapshot ? origin === 'booted' : !(noFork && origin === 'forked')
}

/** Attempts of a cell, judged; damaged ones are left out. */
async function judgeAll({ judge }: StoredJudge, history: readonly AttemptRecord[], { case: theCase }: Cell): Promise<Judged[]> {
  const judged: Judged[] = []
  for (const record of history) {
    const stored = await judge(record, theCase)
    if (stored.judged) judged.push({ ...judgedAttemptsOf(record.evidence, stored.judged.judgement), record })
  }
  return judged
}

/**
 * The attempts of a race that the newest finished run made, in their order: another run may not have spent all of its time. None
 * where an earlier run saw the bug and this one did not.
 */
async function raceOf(judged: readonly Judged[], isFinished: (run: string) => Promise<boolean>): Promise<Judged[]> {
  for (const [run, own] of Map.groupBy(judged, ({ record }) => record.run)) {
    if (answersOf(own).length === 0 || !(await isFinished(run))) continue
    const hasHit = (all: readonly Judged[]): boolean => all.some(({ outcome }) => outcome === 'reproduced')
    if (hasHit(judged) && !hasHit(own)) return []
    return own.toSorted((a, b) => a.record.evidence.job.attempt - b.record.evidence.job.attempt)
  }
  return []
}

function createFinished(store: ReadRuns): (run: string) => Promise<boolean> {
  const known = new Map<string, boolean>()
  return async (run) => {
    const isFinished = known.get(run) ?? (await store.readRun(run)).finishedAt !== null
    known.set(run, isFinished)
    return isFinished
  }
}

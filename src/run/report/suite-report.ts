/** From a stored run of a suite to its report: every attempt is read again by today's rules, from its evidence alone. */
import { buildSuiteReport } from '#analysis/suite.ts'
import { InvariantError } from '#domain/errors.ts'
import type { Reason } from '#domain/judgement.ts'
import type { SuiteAttempt, SuiteCell, SuiteReport } from '#domain/report/suite.ts'
import type { AttemptRecord, ReadRuns, RunRecord, StoreProblem } from '#store/ports.ts'
import { answersOf, wantsAnotherAttempt } from '#verdict/attempt/retry.ts'
import { resultsOf } from '#verdict/suite/results.ts'
import { cellKey, cellsOf, type Cell } from '#plan/cells.ts'
import { planOf } from '#plan/stored-plan.ts'
import { reportKernels } from './build-report.ts'
import type { AttemptReading } from './judge-attempt.ts'
import { judgeStored } from './stored-attempts.ts'

export interface BuiltSuiteReport {
  readonly report: SuiteReport
  /** What the store could not give back whole. */
  readonly problems: readonly StoreProblem[]
}

interface ReadAttempt {
  readonly record: AttemptRecord
  readonly judged: AttemptReading
}

/** Build the report of a run of a suite. Throws InvariantError for a run of cases. */
export async function buildSuiteRunReport(store: ReadRuns, run: RunRecord): Promise<BuiltSuiteReport> {
  const plan = planOf(run)
  if (plan.kind !== 'suite') throw new InvariantError(`run ${run.id} is not of a suite but of kind ${plan.kind}`)
  const { suite } = plan
  const { attempts, problems } = await store.attemptsOf(run.id)
  const lost: StoreProblem[] = [...problems]
  const read = new Map<string, ReadAttempt[]>()
  const cells = cellsOf(plan)
  for (const cell of cells) {
    const own: ReadAttempt[] = []
    for (const record of attempts.filter(({ evidence: { job } }) => `${job.kernel}/${job.case}` === cellKey(cell))) {
      const stored = await judgeStored(store, record, cell.case)
      lost.push(...stored.problems)
      if (stored.judged) own.push({ record, judged: stored.judged })
    }
    read.set(cellKey(cell), own)
  }
  const attemptsAt = (cell: Cell): readonly ReadAttempt[] => read.get(cellKey(cell)) ?? []
  const isOpen = (cell: Cell) => wantsAnotherAttempt(attemptsAt(cell).map(({ judged }) => judged.judgement))
  const { name, tree, notInTree, leftOut } = suite
  const report = buildSuiteReport({
    run: {
      id: run.id,
      startedAt: run.startedAt,
      complete: run.finishedAt !== null || !cells.some(isOpen),
      seed: plan.seed,
      host: run.host,
    },
    suite: { name, notInTree, leftOut, tree: { label: tree.label, version: tree.version, key: tree.key } },
    kernels: await reportKernels(store, plan, attempts),
    programs: plan.cases.map(({ id, title }) => ({ id, title })),
    cells: cells.map((cell) => suiteCell(cell, attemptsAt(cell))),
  })
  return { report, problems: lost }
}

/** One program on one kernel, by its first attempt with an answer, else by its last attempt. */
function suiteCell(cell: Cell, own: readonly ReadAttempt[]): SuiteCell {
  const name = { kernel: cell.kernel.id, program: cell.case.id, attempts: own.map(suiteAttempt) }
  const answers = answersOf(own.map(({ judged }) => judged.judgement))
  const chosen = own.find(({ judged }) => answers[0] === judged.judgement) ?? own.at(-1)
  if (!chosen) return { ...name, outcome: null, summary: 'No attempt has been made.', results: [] }
  const { evidence, reading, judgement } = chosen.judged
  // After a crash no output of the program counts; where it hung or failed, its output until then does.
  const hasResults = ['reported', 'error'].includes(judgement.outcome)
  return {
    ...name,
    outcome: judgement.outcome,
    summary: `${judgement.reasons[0]?.text ?? judgement.ending}.`,
    results: hasResults ? resultsOf(reading.tests, evidence.ending, cell.case.oracle) : [],
  }
}

function suiteAttempt({ record, judged: { evidence, judgement } }: ReadAttempt): SuiteAttempt {
  const { ending } = evidence
  const reasons: readonly Reason[] = judgement.reasons
  return {
    id: record.id,
    attempt: evidence.job.attempt,
    outcome: judgement.outcome,
    ending: judgement.ending,
    exit: ending.kind === 'exited' ? ending.exit.code : null,
    reasons,
    seconds: evidence.seconds,
    guestSeconds: ending.kind === 'exited' ? ending.exit.seconds : null,
  }
}

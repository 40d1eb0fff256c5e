/** The next commit of a bisection, and the report of all steps with its confidence. */
import type {
  Answer,
  Bisection,
  BisectEnd,
  BisectStep,
  BisectRequest,
  BisectMark,
  ReportCommit,
  BisectTarget,
} from '#domain/report/bisect.ts'
import type { ControlRate } from '#domain/control.ts'
import { InvariantError } from '#domain/errors.ts'
import { many } from '#domain/numbers.ts'

/** The mark that git gets for a commit with this answer. */
export function markOf(answer: Answer, target: BisectTarget): BisectMark {
  if (answer === 'shows-bug') return target === 'bug' ? 'new' : 'old'
  if (answer === 'no-bug') return target === 'bug' ? 'old' : 'new'
  return 'skip'
}

/** With more skipped commits than this among those left, git chooses the next one: it leaves such a range sooner. */
const MAX_SKIPPED = 4

/**
 * The next commit among those left (linear, oldest first): the middle of those not skipped, so that a skip costs no more than
 * its own step. With many skipped commits it is `far`, the choice of git.
 */
export function nextCommit(left: readonly string[], skipped: ReadonlySet<string>, far: string): string {
  const open = left.filter((commit) => !skipped.has(commit))
  if (left.length - open.length > MAX_SKIPPED) return far
  return open[Math.max(0, Math.floor(open.length / 2) - 1)] ?? far
}

/** Maximum number of steps for so many candidates if every commit answers. */
export function stepsFor(candidates: number): number {
  return Math.ceil(Math.log2(Math.max(1, candidates)))
}

/** Probability (0..1) that all these answers are right. Evidence that several commits share counts once. */
export function confidenceOf(steps: readonly Pick<BisectStep, 'errorProbability' | 'sameAs'>[]): number {
  const own = steps.filter(({ sameAs }) => sameAs === null)
  return Math.exp(own.reduce((sum, { errorProbability }) => sum + Math.log1p(-errorProbability), 0))
}

/** A finished bisection as kwitness stores it. */
export interface EndedBisection {
  readonly id: string
  readonly startedAt: string
  readonly request: BisectRequest
  readonly target: BisectTarget
  readonly steps: readonly BisectStep[]
  readonly rates: readonly ControlRate[]
  readonly end: BisectEnd
  /** The commit found, or the commits that remain. */
  readonly commits: readonly ReportCommit[]
  /** Commits between the ends. */
  readonly candidates: number
  readonly log: string
}

/** The report. Throws InvariantError when no commit bounds the answer on one side, which the checked ends exclude. */
export function reportBisection(ended: EndedBisection): Bisection {
  const { id, startedAt, request, target, steps, rates, end, commits, candidates, log } = ended
  const marked = (mark: BisectMark) => steps.filter(({ answer }) => markOf(answer, target) === mark)
  // Each answer is nearer than those before it: the ends came first, and git asks only about commits that are left.
  const before = marked('old').at(-1)
  const found = marked('new').find(({ commit }) => end.kind === 'found' && commit === end.commit)
  const after = found ?? marked('new').findLast(({ role }) => role === 'between') ?? marked('new').at(-1)
  if (!before || !after) throw new InvariantError(`bisection ${id} has ended, but one end has no answer`)
  const between = steps.filter(({ role }) => role === 'between')
  return {
    schema: 'kwitness.bisection/1',
    id,
    startedAt,
    tree: request.tree,
    case: { id: request.case.id, title: request.case.title, symptom: request.case.symptom },
    old: request.old,
    new: request.new,
    paths: request.paths,
    firstParent: request.firstParent,
    target,
    end,
    commits,
    before,
    after,
    steps,
    counts: {
      candidates,
      steps: between.length,
      skipped: between.filter(({ answer }) => markOf(answer, target) === 'skip').length,
      sameBinary: between.filter(({ sameAs }) => sameAs !== null).length,
    },
    confidence: confidenceOf(steps.filter(({ answer }) => markOf(answer, target) !== 'skip')),
    rate: rates.toSorted((a, b) => b.hits - a.hits)[0] ?? null,
    assumptions: assumptionsOf(ended),
    seconds: steps.reduce((sum, { buildSeconds, testSeconds }) => sum + buildSeconds + testSeconds, 0),
    log,
  }
}

function assumptionsOf({ request, rates, target, steps }: EndedBisection): string[] {
  const { paths, knownMarks } = request
  const others = knownMarks.old.length + knownMarks.skip.length
  const race = request.case.oracle === 'statistical'
  const skipped = steps.some(({ answer }) => markOf(answer, target) === 'skip')
  return [
    target === 'bug' ? 'The bug came once and stayed.' : 'The fix came once and stayed.',
    ...(race && rates.length > 0
      ? ['The bug shows as often on every affected commit as at the end where its rate was measured.']
      : []),
    ...(race ? [] : ['The case shows the bug every time on an affected commit.']),
    ...(skipped ? ['The bisection skipped commits that gave no answer.'] : []),
    ...(others > 0 ? [`The marks of ${many(others, 'commit')} come from a log; kwitness did not test them.`] : []),
    ...(paths.length > 0 ? [`The commit touches ${paths.join(' or ')}.`] : []),
  ]
}

/** What a bisection comes to: which commit is asked next, and the report of all of them with its confidence. */
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

/** What git is told of a commit with this answer. */
export function markOf(answer: Answer, sought: BisectTarget): BisectMark {
  if (answer === 'shows-bug') return sought === 'bug' ? 'new' : 'old'
  if (answer === 'no-bug') return sought === 'bug' ? 'old' : 'new'
  return 'skip'
}

/** Skipped commits among those left, up to which the next is chosen here. Where trouble goes on, git leaves it behind sooner. */
const MOST_SKIPPED = 4

/**
 * The next commit, of those left of a history without merges, oldest first. One that was skipped cannot be told from the next
 * that answers, so they are halved by those that do: then no skip costs more than its own step. With many, the `far` one.
 */
export function nextCommit(left: readonly string[], skipped: ReadonlySet<string>, far: string): string {
  const open = left.filter((commit) => !skipped.has(commit))
  if (left.length - open.length > MOST_SKIPPED) return far
  return open[Math.max(0, Math.floor(open.length / 2) - 1)] ?? far
}

/** Steps that so many candidates take at most while every commit answers. */
export function stepsFor(candidates: number): number {
  return Math.ceil(Math.log2(Math.max(1, candidates)))
}

/** Chance that none of these answers is wrong by luck. A piece of evidence counts once, however many commits lean on it. */
export function confidenceOf(steps: readonly Pick<BisectStep, 'errorProbability' | 'sameAs'>[]): number {
  const own = steps.filter(({ sameAs }) => sameAs === null)
  return Math.exp(own.reduce((sum, { errorProbability }) => sum + Math.log1p(-errorProbability), 0))
}

/** A bisection that is over, as it is kept. */
export interface EndedBisection {
  readonly id: string
  readonly startedAt: string
  readonly request: BisectRequest
  readonly target: BisectTarget
  readonly steps: readonly BisectStep[]
  readonly rates: readonly ControlRate[]
  readonly end: BisectEnd
  /** The commit that was found, or those it may be. */
  readonly commits: readonly ReportCommit[]
  /** Commits between the ends. */
  readonly candidates: number
  readonly log: string
}

/** The report. Throws InvariantError when nothing bounds the answer on one side, which the checked ends exclude. */
export function reportBisection(ended: EndedBisection): Bisection {
  const { id, startedAt, request, target, steps, rates, end, commits, candidates, log } = ended
  const marked = (mark: BisectMark) => steps.filter(({ answer }) => markOf(answer, target) === mark)
  // Each answer is nearer than those before it: git asks of no commit outside what is left, and the ends came first.
  const before = marked('old').at(-1)
  const found = marked('new').find(({ commit }) => end.kind === 'found' && commit === end.commit)
  const after = found ?? marked('new').findLast(({ role }) => role === 'between') ?? marked('new').at(-1)
  if (!before || !after) throw new InvariantError(`bisection ${id} is over and an end of it gave no answer`)
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
    ...(race && rates.length > 0 ? ['Where the bug is, it shows as often as at the end that the rate was measured at.'] : []),
    ...(race ? [] : ['The case shows the bug every time where it is.']),
    ...(skipped ? ['Commits that gave no answer were passed by.'] : []),
    ...(others > 0 ? [`What a log says of ${others} commit${others === 1 ? '' : 's'} was taken over, not asked.`] : []),
    ...(paths.length > 0 ? [`It is a commit that touches ${paths.join(' or ')}.`] : []),
  ]
}

/** A verified patch: a status and a sentence for each base, from how it applies, builds, and changes the verdicts of cases. */
import type { Report } from '#domain/report/matrix.ts'
import type { Commit, HunkTry, MissingOptions, PatchInfo, VerifyBase, VerifyPlan, VerifyStep } from '#domain/report/verify.ts'
import { compareCells, neverBooted, newSplats, type Change, type NewSplat, type VerifyCell } from './compare-cells.ts'

/** The status of a patch on a base, worst first; statuses that are not the patch's fault come later. */
export const STATUSES = [
  'does-not-apply',
  'does-not-build',
  'does-not-boot',
  'breaks-other-case',
  'no-effect',
  'new-splat',
  'new-warnings',
  'nothing-to-fix',
  'inconclusive',
  'no-answer',
  'already-applied',
  'unchanged',
  'fixes',
] as const

export type Status = (typeof STATUSES)[number]

/** One kernel compared with the one before it. */
export interface StepResult extends VerifyStep {
  readonly before: string
  readonly status: Status
  readonly summary: string
  readonly cells: readonly VerifyCell[]
  readonly splats: readonly NewSplat[]
}

export interface BaseResult extends VerifyBase {
  readonly status: Status
  /** One sentence, without the base's name. */
  readonly summary: string
  /** Cases that could not be asked of the base because of what its configuration lacks. */
  readonly untestable: readonly MissingOptions[]
  /** Base against base with all patches; null if there is no patched kernel. */
  readonly whole: StepResult | null
  /** Each patch against the one before it; empty unless requested. */
  readonly perPatch: readonly StepResult[]
}

export interface Verification {
  readonly schema: 'kwitness.verify/1'
  /** Null when no guest ran. */
  readonly run: string | null
  readonly host: Report['run']['host'] | null
  readonly status: Status
  readonly summary: string
  readonly patches: readonly PatchInfo[]
  readonly targets: readonly string[]
  readonly cases: readonly string[]
  readonly bases: readonly BaseResult[]
}

/** The verification from a plan and the report of its run (null when there was nothing to run). */
export function verificationOf(plan: VerifyPlan, report: Report | null): Verification {
  const bases = plan.bases.map((base) => baseResult(base, plan, report))
  const status = STATUSES.find((word) => bases.some((base) => base.status === word)) ?? 'no-answer'
  const worst = bases.filter((base) => base.status === status)
  const where = worst.map(({ label }) => label).join(', ')
  return {
    schema: 'kwitness.verify/1',
    run: report?.run.id ?? null,
    host: report?.run.host ?? null,
    status,
    summary: `${where}: ${worst[0]?.summary ?? 'there is no base'}`,
    patches: plan.patches,
    targets: plan.targets,
    cases: report?.cases.map(({ id }) => id) ?? [],
    bases,
  }
}

type Judged = readonly [status: Status, summary: string]

function baseResult(base: VerifyBase, plan: VerifyPlan, report: Report | null): BaseResult {
  const untestable = untestableOf(base, report)
  const withoutKernel = { ...base, untestable, whole: null, perPatch: [] }
  const early = judgeTries(base, plan.patches.length)
  if (early) return { ...withoutKernel, status: early[0], summary: early[1] }
  const last = base.steps.at(-1)
  if (base.trouble !== null || !last) {
    return { ...withoutKernel, status: 'no-answer', summary: `the base gives no answer: ${base.trouble ?? 'it was not built'}` }
  }
  const whole = stepResult(last, base.kernel, plan.targets, report, untestable)
  const perPatch = plan.each
    ? base.steps.map((step, index) => {
        const before = base.steps[index - 1]?.kernel ?? base.kernel
        return stepResult(step, before, lackingOf(before, plan.targets, report), report, untestable)
      })
    : []
  // An earlier patch of a series need not fix anything yet, but must not break anything.
  const regressions = perPatch.slice(0, -1).filter(({ status }) => REGRESSIONS.includes(status))
  const worst =
    STATUSES.find((word) => word === whole.status || regressions.some(({ status }) => status === word)) ?? whole.status
  const part = worst === whole.status ? undefined : regressions.find(({ status }) => status === worst)
  const summary = part ? `patch ${part.upTo} of ${plan.patches.length} ${part.summary}` : whole.summary
  return { ...base, status: worst, summary, untestable, whole, perPatch }
}

/** Of what a configuration lacks, that by which the base gave no answer: a case may do without an option on some kernels. */
function untestableOf({ kernel, missingOptions = [] }: VerifyBase, report: Report | null): MissingOptions[] {
  const own = report?.cells.filter((cell) => cell.kernel === kernel) ?? []
  return missingOptions.filter((one) => own.some((cell) => cell.case === one.case && cell.verdict === 'not-applicable'))
}

const REGRESSIONS: readonly Status[] = ['does-not-build', 'does-not-boot', 'breaks-other-case', 'new-splat', 'new-warnings']

/** The answer without a kernel; null when it needs one. */
function judgeTries({ tries }: VerifyBase, count: number): Judged | null {
  const last = tries.at(-1)
  const which = count > 1 ? `patch ${tries.length} of ${count} ` : ''
  if (last?.result === 'with-conflicts') {
    return ['does-not-apply', `${which}does not apply: ${conflictsOf(last.hunks)}`]
  }
  if (tries.length > 0 && tries.every(({ result }) => result === 'already-applied')) {
    return ['already-applied', 'is already applied exactly']
  }
  if (tries.length > 0 && tries.every(({ result }) => result.startsWith('already'))) {
    return ['already-applied', 'looks already applied in another form: the base has what it adds and lacks what it removes']
  }
  return null
}

/** Hunks that a sentence names. */
const NAMED = 3

/** A hunk by its file and number; a change without hunks by its file. */
export const placeOf = ({ file, hunk }: HunkTry): string => (hunk === 0 ? file : `${file} hunk ${hunk}`)

/** `2 of 18 hunks rejected (mm/x.c hunk 6), 9 of 18 hunks look already applied`. */
function conflictsOf(hunks: readonly HunkTry[]): string {
  const rejected = hunks.filter(({ state }) => state === 'rejected')
  const named = rejected.slice(0, NAMED).map((hunk) => `${placeOf(hunk)}${hunk.why === null ? '' : `, ${hunk.why}`}`)
  const where = [...named, ...(rejected.length > NAMED ? [`${rejected.length - NAMED} more`] : [])]
  const there = hunks.filter(({ state }) => state === 'already-present').length
  const of = `${hunks.length} hunk${hunks.length === 1 ? '' : 's'}`
  const perPatch = [
    ...(rejected.length > 0 ? [`${rejected.length} of ${of} rejected (${where.join('; ')})`] : []),
    ...(there > 0 ? [`${there} of ${of} ${there === 1 ? 'looks' : 'look'} already applied`] : []),
  ]
  return perPatch.join(', ')
}

/** Targets that a kernel still lacks: a case that an earlier patch fixed is an other case for the later ones. */
function lackingOf(kernel: string, targets: readonly string[], report: Report | null): string[] {
  const cells = report?.cells.filter((cell) => cell.kernel === kernel) ?? []
  return targets.filter((id) => cells.some((cell) => cell.case === id && cell.verdict === 'lacks'))
}

function stepResult(
  step: VerifyStep,
  before: string,
  targets: readonly string[],
  report: Report | null,
  untestable: readonly MissingOptions[],
): StepResult {
  const cells = step.buildError === null && report ? compareCells(report, before, step.kernel, targets) : []
  const splats = step.buildError === null && report ? newSplats(report, before, step.kernel) : []
  const booted = !report || !neverBooted(report, before, step.kernel)
  const [status, summary] = judgeStep(step, { cells, splats, booted, hasTargets: targets.length > 0, untestable })
  return { ...step, before, status, summary, cells, splats }
}

const BAD: readonly Change[] = ['broke', 'lost']

interface StepFacts {
  readonly cells: readonly VerifyCell[]
  readonly splats: readonly NewSplat[]
  readonly booted: boolean
  readonly hasTargets: boolean
  readonly untestable: readonly MissingOptions[]
}

function judgeStep(step: VerifyStep, { cells, splats, booted, hasTargets, untestable }: StepFacts): Judged {
  if (step.buildError !== null) return ['does-not-build', `does not build: ${step.buildError}`]
  if (!booted) return ['does-not-boot', 'does not boot, where the base does']
  const targets = cells.filter(({ isTarget }) => isTarget)
  const fixed = (hasTargets ? targets : cells).filter(({ change }) => change === 'fixed')
  const broken = cells.filter(({ isTarget, change }) => !isTarget && BAD.includes(change))
  const isFixed = fixed.length > 0 && fixed.length === (hasTargets ? targets.length : fixed.length)
  const fixes = fixed.length > 0 ? `fixes ${namesOf(fixed)}` : ''
  const failing = targets.filter(({ change }) => change !== 'fixed')
  if (broken.length > 0) {
    const does = fixes || (failing.length > 0 ? `does not fix ${namesOf(failing)}` : '')
    const and = fixes === '' ? 'and breaks' : 'but breaks'
    return ['breaks-other-case', `${does === '' ? 'breaks' : `${does} ${and}`} ${broken.map(wordsOf).join(', ')}`]
  }
  const still = failing.filter(({ after, change }) => after === 'lacks' || change === 'lost')
  if (still.length > 0) return ['no-effect', `applies and builds, but does not fix ${still.map(wordsOf).join(', ')}`]
  const plus = fixes === '' ? 'changes no verdict, but' : `${fixes}, but`
  if (splats.length > 0) {
    return ['new-splat', `${plus} the kernel gives new reports: ${splats.map(({ title }) => title).join('; ')}`]
  }
  if (step.warnings !== null && step.warnings.length > 0) {
    const first = step.warnings[0]
    const count = step.warnings.length === 1 ? 'a new warning' : `${step.warnings.length} new warnings`
    return ['new-warnings', `${plus} the compiler gives ${count}: ${first?.file}: ${first?.message}`]
  }
  const lost = cells.filter(({ change }) => change === 'no-answer')
  const unasked = untestable.filter((one) => failing.some((cell) => cell.case === one.case && cell.change === 'unchanged'))
  if (unasked.length > 0) {
    const lacks = unasked.map((one) => `${one.case} cannot be tested on this base, which lacks ${one.options.join(', ')}`)
    return ['no-answer', `${fixes === '' ? '' : `${fixes}, but `}${lacks.join('; ')}`]
  }
  const idle = failing.filter(({ change }) => change === 'unchanged' || change === 'gained')
  if (idle.length > 0) return ['nothing-to-fix', `the base does not show the bug: ${idle.map(wordsOf).join(', ')}`]
  const inconclusive = (hasTargets ? targets : cells).filter(({ change }) => change === 'inconclusive')
  if (inconclusive.length > 0) {
    return ['inconclusive', `${namesOf(inconclusive)} is not seen any more, with too few trials to decide`]
  }
  if (lost.length > 0) {
    return ['no-answer', `${fixes === '' ? '' : `${fixes}, but `}no answer before or after: ${lost.map(wordsOf).join(', ')}`]
  }
  return isFixed ? ['fixes', `${fixes} and changes no other verdict`] : ['unchanged', 'applies, builds and changes no verdict']
}

const namesOf = (cells: readonly VerifyCell[]) => cells.map((cell) => cell.case).join(', ')

const wordsOf = ({ case: name, before, after }: VerifyCell) => `${name} (${before ?? 'nothing'}, then ${after ?? 'nothing'})`

/** Rejected hunks of a base, with their prerequisites. */
export function rejectedOf({ tries }: Pick<VerifyBase, 'tries'>): HunkTry[] {
  return tries.flatMap(({ hunks, result }) =>
    result === 'with-conflicts' ? hunks.filter(({ state }) => state !== 'applied') : [],
  )
}

/** Commits that a base lacks for the rejected hunks, each once; null without a git tree. */
export function prerequisitesOf(base: Pick<VerifyBase, 'tries'>): Commit[] | null {
  const known = rejectedOf(base).flatMap(({ prerequisites }) => (prerequisites === null ? [] : [prerequisites]))
  return known.length === 0 ? null : [...new Map(known.flat().map((commit) => [commit.hash, commit])).values()]
}

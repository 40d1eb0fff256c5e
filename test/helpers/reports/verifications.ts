/** Plans and reports of verifications for tests: one base, one patch, the verdicts as they are needed. */
import type { Outcome, Verdict } from '#domain/judgement.ts'
import type { Report, ReportAttempt, ReportCell } from '#domain/report/matrix.ts'
import type { Splat } from '#domain/splat.ts'
import type { ApplyResult, HunkTry, MissingOptions, VerifyPlan, Warning } from '#domain/report/verify.ts'

export const HUNK: HunkTry = {
  file: 'mm/x.c',
  hunk: 1,
  line: 10,
  lines: 7,
  heading: 'f(void)',
  state: 'applied',
  offset: 0,
  fuzz: 0,
  why: null,
  prerequisites: null,
}

export interface PlanChanges {
  readonly targets?: readonly string[]
  readonly word?: ApplyResult
  readonly hunks?: readonly HunkTry[]
  readonly buildError?: string
  readonly warnings?: readonly Warning[]
  readonly trouble?: string
  readonly missingOptions?: readonly MissingOptions[]
}

/** A patch for the case `fix` on one base, built and without warnings, but for what is changed. */
export function planOf(changes: PlanChanges = {}): VerifyPlan {
  const { word = 'cleanly', hunks = [HUNK], buildError = null, trouble = null } = changes
  const words = { name: 'the-fix', subject: 'mm: the fix', commits: [] }
  const isBuilt = trouble === null && (word === 'cleanly' || word === 'with-fuzz')
  const warnings = buildError === null ? (changes.warnings ?? []) : null
  const step = { upTo: 1, kernel: 'after', buildError, log: buildError === null ? null : 'build.log', warnings }
  const tries = [{ ...words, result: word, hunks }]
  const names = { label: 'linux 5.10', kernel: 'before', version: '5.10.262', arch: 'x86_64' as const }
  const { missingOptions } = changes
  const base = { ...names, missingOptions, trouble, tries, exact: null, steps: isBuilt ? [step] : [] }
  return { patches: [words], targets: changes.targets ?? ['fix'], each: false, bases: [base] }
}

/** Verdicts before and after, by case. */
export type Said = Readonly<Record<string, readonly [Verdict, Verdict]>>

export interface ReportChanges {
  /** Splats on the console of the base, and of the patched kernel, by case. */
  readonly splats?: Readonly<Record<string, readonly Splat[]>>
  readonly later?: Readonly<Record<string, readonly Splat[]>>
  /** Outcomes of the patched kernel, by case; clean when not given. */
  readonly outcomes?: Readonly<Record<string, Outcome>>
}

const attempt = (outcome: Outcome, splats: readonly Splat[]) => ({ outcome, splats }) as unknown as ReportAttempt

/** As much of a report as verifying looks at: kernels `before` and `after`. */
export function reportOf(said: Said, changes: ReportChanges = {}): Report {
  const cells = Object.entries(said).flatMap(([id, verdicts]) =>
    verdicts.map((verdict, index) => {
      const splats = (index === 0 ? changes.splats : changes.later)?.[id] ?? []
      const outcome = index === 0 ? 'not-reproduced' : (changes.outcomes?.[id] ?? 'not-reproduced')
      const attempts = [attempt(outcome, splats)]
      const cell = { kernel: ['before', 'after'][index], case: id, verdict, missProbability: null, attempts }
      return cell as unknown as ReportCell
    }),
  )
  const cases = Object.keys(said).map((id) => ({ id, oracle: 'deterministic' }))
  const run = { id: '2026-01-31-1', host: { kernel: '6.12', qemu: '7.2', cpus: 2, accelerator: 'tcg' } }
  return { run, cases, cells } as unknown as Report
}

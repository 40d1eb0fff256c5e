/** Rules about a case whose symptom is its ending: a hang or a splat inside the step that it entered, and nowhere else. */
import type { SymptomEnding } from '#domain/case.ts'
import type { Ending } from '#domain/evidence.ts'
import type { Splat, SplatSeverity } from '#domain/splat.ts'
import { observed, type Facts, type Note, type Rule, type Observation } from './facts.ts'
import { hasDied, lossRule } from './guest-rules.ts'
import { readOpenStep, stepLine, type OpenStep } from './step.ts'
import { many } from '#domain/numbers.ts'

/**
 * Share of the time in case.json by which a case must have entered its step. A host that was measured as slow gives it more
 * time in all, but a case that comes late on it stood still, and its silence afterwards may be the same.
 */
const LATEST_SHARE = 0.5

/** Splats after which the output of the guest does not count. A stall is not among them: it may be the awaited hang. */
const CRASHES: readonly SplatSeverity[] = ['fatal', 'oops']

type Hang = Extract<SymptomEnding, { readonly kind: 'hang' }>

/**
 * The endings that are a hang of the case or of the guest, worded as a reason; null for any other. The agent must have seen the
 * timeout inside the guest, because the host's clock says nothing about a guest that stood still.
 */
const HANGS: Readonly<Record<Hang['of'], (ending: Ending) => string | null>> = {
  case: (ending) => {
    if (ending.kind === 'exited' && ending.exit.timedOut) return 'the agent killed it there at its timeout'
    return ending.kind === 'case-hung' && ending.killed ? 'SIGKILL did not end it there' : null
  },
  guest: (ending) => (ending.kind === 'kernel-hung' ? 'the guest hung with it: the agent stopped answering' : HANGS.case(ending)),
}

function lineOf({ reading }: Facts, step: OpenStep): number | null {
  return stepLine(reading.consoleLines ?? [], step)
}

/** Whether the guest crashed for another reason than a hang. A stall counts as a hang if it came inside the step. */
function hasCrashed(facts: Facts, entered: number | null): boolean {
  const { splats, extraBanners } = facts.reading.console
  const isCrash = ({ severity, firstLine }: Splat) =>
    CRASHES.includes(severity) || (severity === 'stall' && (entered === null || firstLine < entered))
  return extraBanners > 0 || hasDied(facts) || splats.some(isCrash)
}

/** A hang in the step, and how it showed; null if the case does not wait for one, or this is not one. */
function hangIn(facts: Facts): { readonly step: OpenStep; readonly how: string; readonly isLate: boolean } | null {
  const { theCase, evidence, reading } = facts
  if (theCase.symptomEnding?.kind !== 'hang') return null
  const step = readOpenStep(reading.tests)
  const how = HANGS[theCase.symptomEnding.of](evidence.ending)
  if (!step || how === null || hasCrashed(facts, lineOf(facts, step))) return null
  return { step, how, isLate: step.afterSeconds > theCase.timing.timeoutSeconds * LATEST_SHARE }
}

function entryText({ name, afterSeconds }: OpenStep): string {
  return `entered "${name}" ${afterSeconds.toFixed(2)} s after its start`
}

function hang(facts: Facts): Observation[] {
  const found = hangIn(facts)
  if (!found || found.isLate) return []
  return [observed('agent', `the case ${entryText(found.step)}; ${found.how} (${facts.evidence.job.limits.caseSeconds} s)`)]
}

function lateHang(facts: Facts): Observation[] {
  const found = hangIn(facts)
  if (!found?.isLate) return []
  const { timeoutSeconds } = facts.theCase.timing
  return [
    observed(
      'agent',
      `the case ${entryText(found.step)}, of ${timeoutSeconds} s it should take at most: too late to call it a hang`,
    ),
  ]
}

/** The first report that is a crash or the awaited one: it must be the awaited one, and stand below the line of the step. */
function awaited(facts: Facts): { readonly step: OpenStep; readonly splat: Splat } | null {
  const { symptomEnding: ending } = facts.theCase
  if (ending?.kind !== 'splat') return null
  const title = new RegExp(ending.title)
  const isAwaited = (splat: Splat) => splat.severity !== 'notice' && title.test(splat.title)
  const hurts = ({ severity }: Splat) => severity === 'stall' || CRASHES.includes(severity)
  const splat = facts.reading.console.splats.find((each) => isAwaited(each) || hurts(each))
  const step = readOpenStep(facts.reading.tests)
  const below = step && lineOf(facts, step)
  return step && splat && isAwaited(splat) && below !== null && splat.firstLine > below ? { step, splat } : null
}

function crash(facts: Facts): Observation[] {
  const found = awaited(facts)
  if (!found) return []
  return [observed('console', found.splat.title, found.splat.firstLine), observed('output', `the case ${entryText(found.step)}`)]
}

/** Reports, taints and hangs after such an ending are its consequences: they are counted, not listed. */
const afterwards: Note = {
  id: 'symptom/afterwards',
  look: (facts) => {
    const own = awaited(facts)?.splat
    if (!own) return []
    const [first, ...more] = facts.reading.console.splats.filter(
      ({ severity, firstLine }) => severity !== 'notice' && firstLine > own.firstLine,
    )
    if (!first) return []
    return [observed('console', `${many(1 + more.length, 'report')} after it, not counted`, first.firstLine)]
  },
}

/** These come before the rules about crashes and hangs, which judge whatever is not the symptom. */
export const symptomRules: readonly Rule[] = [
  { id: 'symptom/splat', outcome: 'reproduced', look: crash, notes: [lossRule, afterwards] },
  { id: 'symptom/hang', outcome: 'reproduced', look: hang, notes: [lossRule] },
  { id: 'symptom/late', outcome: 'error', look: lateHang },
]

/** Rules about a case whose symptom is how it ends: a hang or a splat in the step that it said it enters, and nowhere else. */
import type { SymptomEnding } from '#domain/case.ts'
import type { Ending } from '#domain/evidence.ts'
import type { Splat, SplatSeverity } from '#domain/splat.ts'
import { observed, type Facts, type Note, type Rule, type Observation } from './facts.ts'
import { hasDied, lossRule } from './guest-rules.ts'
import { readOpenStep, stepLine, type OpenStep } from './step.ts'
import { count } from '../numbers.ts'

/**
 * Share of a case's time that must be left when it enters its step. What a healthy kernel needs for the step is a hundredth of
 * that; a case that came there late, on a host that stood still, was not waited for.
 */
const LEAST_SHARE = 0.5

/** Splats after which the guest is not listened to; a stall is told apart from them where a hang is what is waited for. */
const HURT: readonly SplatSeverity[] = ['fatal', 'oops']

type Hang = Extract<SymptomEnding, { readonly kind: 'hang' }>

/**
 * What of which a hang is waited for may end in which way, as a reason says it. It takes the agent's word that the time was
 * over in the guest: that its host waited long enough says nothing of a guest that stood still.
 */
const HANGS: Readonly<Record<Hang['of'], (ending: Ending) => string | null>> = {
  case: (ending) => {
    if (ending.kind === 'exited' && ending.exit.timedOut) return 'was killed there when its time was over'
    return ending.kind === 'case-hung' && ending.killed ? 'cannot even be killed there' : null
  },
  guest: (ending) => (ending.kind === 'kernel-hung' ? 'took the guest with it: no more word of the agent' : HANGS.case(ending)),
}

function lineOf({ reading }: Facts, step: OpenStep): number | null {
  return stepLine(reading.consoleLines ?? [], step)
}

/** Whether the guest was hurt by something that is no hang. A stall is one, if it came after the step was entered. */
function isHurt(facts: Facts, entered: number | null): boolean {
  const { splats, extraBanners } = facts.reading.console
  const strange = ({ severity, firstLine }: Splat) =>
    HURT.includes(severity) || (severity === 'stall' && (entered === null || firstLine < entered))
  return extraBanners > 0 || hasDied(facts) || splats.some(strange)
}

/** A hang in the step, and how it showed; null where the case waits for none, or this is none. */
function hangIn(facts: Facts): { readonly step: OpenStep; readonly how: string; readonly isLate: boolean } | null {
  const { theCase, evidence, reading } = facts
  if (theCase.symptomEnding?.kind !== 'hang') return null
  const step = readOpenStep(reading.tests)
  const how = HANGS[theCase.symptomEnding.of](evidence.ending)
  if (!step || how === null || isHurt(facts, lineOf(facts, step))) return null
  return { step, how, isLate: step.afterSeconds > evidence.job.limits.caseSeconds * (1 - LEAST_SHARE) }
}

function wayIn({ name, afterSeconds }: OpenStep): string {
  return `entered "${name}" ${afterSeconds.toFixed(2)} s after its start`
}

function hang(facts: Facts): Observation[] {
  const found = hangIn(facts)
  if (!found || found.isLate) return []
  return [observed('agent', `the case ${wayIn(found.step)} and ${found.how} (${facts.evidence.job.limits.caseSeconds} s)`)]
}

function lateHang(facts: Facts): Observation[] {
  const found = hangIn(facts)
  if (!found?.isLate) return []
  const { caseSeconds } = facts.evidence.job.limits
  return [observed('agent', `the case ${wayIn(found.step)}, of ${caseSeconds} s it has in all: too late to call it a hang`)]
}

/** The first report that hurts the guest or is the one waited for: it must be that one, and stand below the word of the step. */
function awaited(facts: Facts): { readonly step: OpenStep; readonly splat: Splat } | null {
  const { symptomEnding: ending } = facts.theCase
  if (ending?.kind !== 'splat') return null
  const title = new RegExp(ending.title)
  const isAwaited = (splat: Splat) => splat.severity !== 'notice' && title.test(splat.title)
  const hurts = ({ severity }: Splat) => severity === 'stall' || HURT.includes(severity)
  const splat = facts.reading.console.splats.find((each) => isAwaited(each) || hurts(each))
  const step = readOpenStep(facts.reading.tests)
  const below = step && lineOf(facts, step)
  return step && splat && isAwaited(splat) && below !== null && splat.firstLine > below ? { step, splat } : null
}

function crash(facts: Facts): Observation[] {
  const found = awaited(facts)
  if (!found) return []
  return [observed('console', found.splat.title, found.splat.firstLine), observed('output', `the case ${wayIn(found.step)}`)]
}

/** What follows such an end is its consequence: other reports, taints and hangs are counted, not told. */
const afterwards: Note = {
  id: 'symptom/afterwards',
  look: (facts) => {
    const own = awaited(facts)?.splat
    if (!own) return []
    const [first, ...more] = facts.reading.console.splats.filter(
      ({ severity, firstLine }) => severity !== 'notice' && firstLine > own.firstLine,
    )
    if (!first) return []
    return [observed('console', `${count(1 + more.length, 'report')} after it, counted for nothing`, first.firstLine)]
  },
}

/** Before any rule about crashes and hangs: what these do not take as the symptom is what it is for every other case. */
export const symptomRules: readonly Rule[] = [
  { id: 'symptom/splat', outcome: 'reproduced', look: crash, notes: [lossRule, afterwards] },
  { id: 'symptom/hang', outcome: 'reproduced', look: hang, notes: [lossRule] },
  { id: 'symptom/late', outcome: 'error', look: lateHang },
]

/** Rules about the guest and its machine: they decide whether the output of the case counts at all. */
import type { Ending } from '#domain/evidence.ts'
import type { SplatSeverity } from '#domain/splat.ts'
import { observed, type Facts, type Note, type Rule, type Observation } from './facts.ts'

/** Letters of /proc/sys/kernel/tainted from bit 0 on (Documentation/admin-guide/tainted-kernels.rst). */
const TAINTS = 'PFSRMBUDAWCIOELKXTN'
const DIED = 1 << TAINTS.indexOf('D')

function taintLetters(bits: number): string {
  return [...TAINTS].filter((_, bit) => bits & (1 << bit)).join('')
}

function after({ afterSeconds }: { readonly afterSeconds: number }): string {
  return `after ${afterSeconds.toFixed(1)} s`
}

/** A rule about one kind of ending; `say` words it. */
function endingRule<K extends Ending['kind']>(
  kind: K,
  outcome: Rule['outcome'],
  channel: Observation['channel'],
  say: (ending: Extract<Ending, { kind: K }>) => string,
): Rule {
  const look = ({ evidence: { ending } }: Facts) =>
    ending.kind === kind ? [observed(channel, say(ending as Extract<Ending, { kind: K }>))] : []
  return { id: `${channel}/${kind}`, outcome, look }
}

function splats(facts: Facts, severities: readonly SplatSeverity[]): Observation[] {
  return facts.reading.console.splats
    .filter((splat) => severities.includes(splat.severity))
    .map((splat) => observed('console', splat.title, splat.firstLine))
}

function losses({ evidence: { console, output }, reading }: Facts): Observation[] {
  const { droppedMessages } = reading.console
  return [
    ...(console.droppedBytes > 0 ? [observed('console', `the console log lost ${console.droppedBytes} bytes`)] : []),
    ...(droppedMessages > 0 ? [observed('console', `the kernel dropped ${droppedMessages} messages`)] : []),
    ...(output.droppedBytes > 0 ? [observed('output', `the output log lost ${output.droppedBytes} bytes`)] : []),
  ]
}

/** A guest that never ran the case: its console and output decide nothing. */
export const startRules: readonly Rule[] = [
  endingRule('infra', 'infra', 'host', ({ message }) => message),
  endingRule('no-boot', 'no-boot', 'agent', ({ reason }) => `the agent never spoke: ${reason}`),
]

/** Whether the kernel is tainted D: the console can lose an oops (loglevel, dropped messages), the taint stays. */
export function hasDied({ evidence: { taint } }: Facts): boolean {
  return (((taint.before ?? 0) | (taint.after ?? 0)) & DIED) !== 0
}

/** A guest that crashed for another reason than the symptom, which symptom-rules.ts has taken before. */
export const crashRules: readonly Rule[] = [
  { id: 'console/splat', outcome: 'unrelated-crash', look: (facts) => splats(facts, ['fatal', 'oops', 'stall']) },
  {
    id: 'console/second-banner',
    outcome: 'unrelated-crash',
    look: ({ reading: { console } }) =>
      console.extraBanners > 0 ? [observed('console', 'the kernel rebooted during the attempt')] : [],
  },
  {
    id: 'agent/died',
    outcome: 'unrelated-crash',
    look: (facts) =>
      hasDied(facts) ? [observed('agent', 'the kernel is tainted D: it oopsed, though the console does not show it')] : [],
  },
  endingRule('guest-stopped', 'unrelated-crash', 'qemu', ({ reason }) => `the guest stopped by itself: ${reason}`),
  endingRule('kernel-hung', 'unrelated-crash', 'agent', (ending) => `the agent stopped answering ${after(ending)}`),
  endingRule('qemu-gone', 'infra', 'qemu', ({ code, signal, stderr }) => {
    const last = stderr.trim().split('\n').at(-1) ?? ''
    return `QEMU ended (${signal ? `killed by ${signal}` : `exit ${code}`})${last && `: ${last}`}`
  }),
]

/** A guest that survived, and a case that did not end in it. */
export const hangRules: readonly Rule[] = [
  endingRule('garbled', 'error', 'agent', ({ detail }) => `the guest broke the agent's protocol: ${detail}`),
  endingRule('case-hung', 'error', 'agent', (ending) => `the case hangs ${after(ending)}, but the agent answers`),
  {
    id: 'agent/timeout',
    outcome: 'error',
    look: ({ evidence: { ending } }) =>
      ending.kind === 'exited' && ending.exit.timedOut ? [observed('agent', 'the agent killed the case at its timeout')] : [],
  },
]

/** A log with gaps cannot show that nothing happened. */
export const lossRule: Rule = { id: 'log/lost', outcome: 'error', look: losses }

/** Worth reporting, never deciding. */
export const guestNotes: readonly Note[] = [
  { id: 'console/warning', look: (facts) => splats(facts, ['warning']) },
  {
    id: 'agent/taint',
    look: ({ evidence: { taint, job } }) => {
      if (taint.before === null || taint.after === null) return []
      // Modules that a case asked for may be out of tree and unsigned.
      const expected = job.modules.length + job.externalModules.length > 0 ? 'OE' : ''
      const gained = [...taintLetters(taint.after & ~taint.before)].filter((letter) => !expected.includes(letter)).join('')
      return gained ? [observed('agent', `the kernel became tainted ${gained} during the case`)] : []
    },
  },
  {
    id: 'console/bad-bytes',
    look: ({ reading: { console } }) =>
      console.badBytes > 0 ? [observed('console', `${console.badBytes} bytes of the console are not valid UTF-8`)] : [],
  },
]

/** A stored attempt and its replay side by side: what is equal, and the first difference. */
import type { Evidence } from '#domain/evidence.ts'
import type { Trials } from '#domain/control.ts'
import type { AttemptJudgement, EndingWord, Outcome } from '#domain/judgement.ts'

/** One of the two, for display. */
export interface ReplaySide {
  readonly outcome: Outcome
  readonly ending: EndingWord
  /** The reason that decided it, in a sentence. */
  readonly summary: string | null
  readonly trials: Trials | null
  /** Host seconds from the job's start to its end. */
  readonly seconds: number
  readonly taint: Evidence['taint']
  /** Lines that the case printed for people, `# ...`. */
  readonly diagnostics: readonly string[]
}

/** The origin of the replay's guest, compared with that of the attempt. */
export type ReplayGuest =
  /** Restored from the same snapshot as the attempt. */
  | 'same-state'
  /** Restored from a newer snapshot of the same guest: another boot. */
  | 'saved-anew'
  /** Restored from the snapshot of another guest: another QEMU or agent. */
  | 'other-state'
  | 'booted'

/** The first line (1-based) that differs; null for an output that has ended. */
interface OutputDifference {
  readonly line: number
  readonly stored: string | null
  readonly replayed: string | null
}

/** Both outputs compared byte for byte. A line that is not a comment is a result. */
export type OutputMatch =
  | { readonly kind: 'identical' }
  | ({ readonly kind: 'comments-differ' | 'results-differ' } & OutputDifference)

/** An attempt and the repetition of its job. */
export interface Replay {
  readonly schema: 'kwitness.replay/1'
  readonly run: string
  readonly kernel: string
  readonly case: string
  readonly attempt: number
  readonly seed: string
  readonly guest: ReplayGuest
  /** What has changed on this host since, in words. */
  readonly changed: readonly string[]
  readonly stored: ReplaySide
  readonly replayed: ReplaySide
  readonly sameOutcome: boolean
  readonly output: OutputMatch
}

/** One side, from its evidence, its judgement and what the case said. */
export function sideOf(
  { seconds, taint }: Evidence,
  { outcome, ending, reasons, trials }: AttemptJudgement,
  diagnostics: readonly string[],
): ReplaySide {
  return { outcome, ending, summary: reasons[0]?.text ?? null, trials, seconds, taint, diagnostics }
}

/** The snapshot of an attempt: its key, and when it was saved (ms since the epoch), null when not known. */
export interface Restored {
  readonly key: string
  readonly savedAt: number | null
}

/** Compare the guests. A snapshot that is newer than the attempt is not the one it was restored from. */
export function matchGuests(stored: Evidence, from: Restored | null, replayed: Restored | null): ReplayGuest {
  if (replayed === null) return 'booted'
  if (from?.key !== replayed.key) return 'other-state'
  const over = Date.parse(stored.startedAt) + stored.seconds * 1000
  return replayed.savedAt !== null && replayed.savedAt <= over ? 'same-state' : 'saved-anew'
}

/** What has changed on this host, in words. */
export function changesOf(stored: Evidence['host'], today: Evidence['host']): string[] {
  const words = { qemu: 'QEMU', kernel: 'kernel of the host', cpuModel: 'CPU model', cpus: 'CPUs' } as const
  const names = Object.keys(words) as (keyof typeof words)[]
  return names.filter((name) => stored[name] !== today[name]).map((name) => `${words[name]}: ${stored[name]}, now ${today[name]}`)
}

/** A line with one character a byte, so that bytes that are not valid UTF-8 compare, too. */
interface OutputLine {
  readonly number: number
  readonly text: string
}

/** Compare two outputs. If results differ, the first of those is reported, not a comment before it. */
export function matchOutputs(stored: Uint8Array, replayed: Uint8Array): OutputMatch {
  const [before, after] = [linesOf(stored), linesOf(replayed)]
  const comments = firstDifference(before, after)
  if (comments === null) return { kind: 'identical' }
  const results = firstDifference(before.filter(isResult), after.filter(isResult))
  return results === null ? { kind: 'comments-differ', ...comments } : { kind: 'results-differ', ...results }
}

const isResult = ({ text }: OutputLine): boolean => !text.trimStart().startsWith('#')

function linesOf(bytes: Uint8Array): OutputLine[] {
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  return lines.map((text, index) => ({ number: index + 1, text }))
}

function firstDifference(stored: readonly OutputLine[], replayed: readonly OutputLine[]): OutputDifference | null {
  for (let index = 0; index < Math.max(stored.length, replayed.length); index += 1) {
    const [before, after] = [stored[index], replayed[index]]
    if (before?.text === after?.text) continue
    return { line: (before ?? after)?.number ?? 0, stored: shown(before), replayed: shown(after) }
  }
  return null
}

function shown(line: OutputLine | undefined): string | null {
  return line ? Buffer.from(line.text, 'latin1').toString('utf8') : null
}

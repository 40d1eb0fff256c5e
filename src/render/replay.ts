/** A replay on a terminal: the stored attempt and its repetition, side by side. */
import type { Replay, ReplayGuest, ReplaySide } from '#analysis/replay.ts'
import { aligned } from './terminal/columns.ts'
import { countOf } from '#domain/numbers.ts'
import { type TerminalOptions, terminalStyle } from './terminal/style.ts'
import { oneLine } from './text/format.ts'

const GUESTS: Readonly<Record<ReplayGuest, string>> = {
  'same-state': 'restored from the same snapshot as the attempt',
  'saved-anew': 'restored from a newer snapshot of the same guest: another boot',
  'other-state': 'restored from the snapshot of another guest: QEMU, the agent or this host has changed',
  booted: 'booted',
}

/** Render a replay. Texts of the guest become one line each, without control characters. */
export function renderReplay(replay: Replay, options: TerminalOptions): string {
  const { kernel, case: name, attempt, run, seed, guest, changed, stored, replayed, sameOutcome } = replay
  const style = terminalStyle(options)
  const before = wordsOf(stored)
  const [heads = '', ...rows] = aligned([
    ['', 'stored', 'replayed'],
    ...wordsOf(replayed)
      .map(([word, value], index) => [word, before[index]?.[1] ?? NONE, value] as const)
      .filter(([, ...values]) => values.some((value) => value !== NONE)),
  ])
  return [
    style.paint('bold', `${kernel} ${name}, attempt ${attempt} of run ${run}, seed ${seed}`),
    `guest: ${GUESTS[guest]}`,
    ...changed.map((text) => `changed since: ${oneLine(text)}`),
    '',
    style.paint('faint', heads),
    ...rows,
    '',
    ...summaryLines(replay),
    ...outputLines(replay),
    ...diagnosticLines(replay),
    style.paint('bold', sameOutcome ? 'The outcome is the same.' : 'The outcome differs.'),
    ...(!sameOutcome && stored.trials && replayed.trials ? ['A race hits by chance, so this is not a contradiction.'] : []),
    '',
  ].join('\n')
}

/** Shown for a side without trials, if the other one has some. */
const NONE = 'none'

function wordsOf({ outcome, ending, trials, seconds, taint }: ReplaySide): (readonly [word: string, value: string])[] {
  const bits = ({ before, after }: ReplaySide['taint']): string => `${before ?? 'unknown'}, then ${after ?? 'unknown'}`
  return [
    ['outcome', outcome],
    ['ending', ending],
    ['hits/trials', trials ? `${countOf(trials.hits)} of ${countOf(trials.trials)}` : NONE],
    ['seconds', seconds.toFixed(2)],
    ['taint', bits(taint)],
  ]
}

/** The reasons that decided; one line if they are equal. */
function summaryLines({ stored, replayed }: Replay): string[] {
  const [before, after] = [stored, replayed].map(({ summary }) => oneLine(summary ?? 'nothing'))
  return before === after ? [`summary: ${before}`] : ['summary', `  stored    ${before}`, `  replayed  ${after}`]
}

/** Lines of a case that are shown of each side. */
const MAX_DIAGNOSTICS = 20

/** What the case itself said, once where both attempts said the same; none where it said nothing. */
function diagnosticLines({ stored, replayed }: Replay): string[] {
  const [before, after] = [stored, replayed].map(({ diagnostics }) => {
    const left = diagnostics.length - MAX_DIAGNOSTICS
    return [...diagnostics.slice(0, MAX_DIAGNOSTICS).map(oneLine), ...(left > 0 ? [`and ${left} more`] : [])]
  })
  if (before === undefined || after === undefined || before.length + after.length === 0) return []
  const side = (lines: readonly string[]) => (lines.length === 0 ? ['(nothing)'] : lines)
  if (before.join('\n') === after.join('\n')) return ['the case said', ...before.map((line) => `  ${line}`)]
  return [
    'the case said',
    ...side(before).map((line) => `  stored    ${line}`),
    ...side(after).map((line) => `  replayed  ${line}`),
  ]
}

function outputLines({ output }: Replay): string[] {
  if (output.kind === 'identical') return ['output: identical']
  const what = output.kind === 'comments-differ' ? 'the results are the same, comments differ' : 'the results differ'
  const side = (text: string | null): string => (text === null ? '(the output has ended)' : oneLine(text))
  return [
    `output: ${what}, first in line ${output.line}`,
    `  stored    ${side(output.stored)}`,
    `  replayed  ${side(output.replayed)}`,
  ]
}

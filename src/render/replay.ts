/** A replay on a terminal: the stored attempt and the one made again, side by side. */
import type { Replay, ReplayGuest, ReplaySide } from '#analysis/replay.ts'
import { aligned } from './terminal/columns.ts'
import { countOf } from './text/numbers.ts'
import { type TerminalOptions, terminalStyle } from './terminal/style.ts'
import { oneLine } from './text/format.ts'

const GUESTS: Readonly<Record<ReplayGuest, string>> = {
  'same-state': 'restored from the very state that the attempt was restored from',
  'saved-anew': 'restored; the saved state is a newer one of the same guest: another boot',
  'other-state': 'restored from the state of another guest: QEMU, the agent or this host has changed',
  booted: 'booted anew',
}

/** Render a replay. Text of the guest is shown on one line each, with nothing that a terminal would obey. */
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
    style.paint('bold', sameOutcome ? 'The outcome is the same.' : 'The outcome is another one.'),
    ...(!sameOutcome && stored.trials && replayed.trials ? ['A race hits by chance: that contradicts nothing.'] : []),
    '',
  ].join('\n')
}

/** Shown of a case that makes no trials, where the other one did. */
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

/** What decided, once where it was the same. */
function summaryLines({ stored, replayed }: Replay): string[] {
  const [before, after] = [stored, replayed].map(({ summary }) => oneLine(summary ?? 'nothing'))
  return before === after ? [`summary: ${before}`] : ['summary', `  stored    ${before}`, `  replayed  ${after}`]
}

function outputLines({ output }: Replay): string[] {
  if (output.kind === 'identical') return ['output: the same, byte for byte']
  const what = output.kind === 'comments-differ' ? 'the same results; comments differ' : 'the results differ'
  const side = (text: string | null): string => (text === null ? '(the output has ended)' : oneLine(text))
  return [
    `output: ${what}, first in line ${output.line}`,
    `  stored    ${side(output.stored)}`,
    `  replayed  ${side(output.replayed)}`,
  ]
}

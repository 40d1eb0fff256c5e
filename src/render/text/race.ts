/** What a race cell rests on, worded once for every renderer: sentences first, then the numbers beside those of its control. */
import type { Conditions, ControlRate, RaceStanding, Trials } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { ReportCell } from '#domain/report/matrix.ts'
import { atLeast, chanceOf, countOf, many, rateOf, shortChance, shortCount } from './numbers.ts'
import { momentOf, oneLine } from './format.ts'

export interface WordedRace {
  /** For somebody who knows no statistics, a sentence each. */
  readonly words: readonly string[]
  /** This cell beside its control: a word, what it is here, and there; `there` is null where no control may be leaned on. */
  readonly compared: readonly { readonly word: string; readonly here: string; readonly there: string | null }[]
  /** All the rest, a word and what it says. */
  readonly facts: readonly (readonly [word: string, said: string])[]
  /** How far the clean trials reach, null where there is nothing to reach for. */
  readonly reach: { readonly share: number; readonly text: string } | null
  /** Whose line the control is of, when it is another: the rate is an assumption here. */
  readonly borrowed: string | null
}

type KernelName = (id: string) => string

/** Word the standing of a race cell; null for a cell that is no race. `label` names kernels, `series` is the cell's own. */
export function wordRace({ race }: Pick<ReportCell, 'race'>, series: string, label: KernelName): WordedRace | null {
  if (race === null) return null
  const { control, missChance } = race
  return {
    words: race.words,
    compared: comparedOf(race, label),
    facts: [
      ['Chance of a miss', missOf(race) + (missChance === null ? '' : `; believed at ${boundOf(race)}`)],
      ...(race.trialsMissing ? [['Trials missing', `${countOf(race.trialsMissing)} more, all clean`] as const] : []),
      ['Trigger', race.trigger ?? 'the only one this case has'],
      ...(control ? controlFacts(control, race.borrowed, series) : []),
      ...(control || race.trials.hits > 0 ? [] : [['The control', 'none that may be leaned on'] as const]),
    ],
    reach: reachOf(race),
    borrowed: race.borrowed && control ? control.series : null,
  }
}

/** For a narrow place beside the verdict: `miss <1 in 1M`, `1.56K to go`, `no control`, `1 hit in 312`; may be empty. */
export function raceHint({ race, verdict }: Pick<ReportCell, 'race' | 'verdict'>): string {
  if (race === null) return ''
  if (race.trials.hits > 0) return `${many(race.trials.hits, 'hit')} in ${shortCount(race.trials.trials)}`
  if (!restsOnOdds({ race, verdict })) return ''
  if (race.control === null) return 'no control'
  if (verdict === 'carries') return race.borrowed ? `if like ${race.control.series}` : `miss <${shortChance(race.bound)}`
  return race.trialsMissing ? `${shortCount(race.trialsMissing, 'ceil')} to go` : ''
}

const ANSWERS_BY_ODDS: readonly Verdict[] = ['carries', 'unproven']

/** Whether a verdict is one of odds: a race that stayed clean. A bug that was seen was seen. */
export function restsOnOdds({ race, verdict }: Pick<ReportCell, 'race' | 'verdict'>): boolean {
  return race !== null && race.trials.hits === 0 && ANSWERS_BY_ODDS.includes(verdict)
}

/** The standing in short, a harmless line each: hits and the rate they leave possible, the chance of a miss, the control. */
export function raceParts(race: RaceStanding, label: KernelName): string[] {
  const { trials, interval, control, controlInterval, trialsMissing } = race
  const own = `${hitsOf(trials)} (true rate ${rateOf(interval)})`
  if (trials.hits > 0) return [own]
  const there = control && controlInterval && `${hitsOf(control)} (${rateOf(controlInterval)})`
  const parts = [
    own,
    `chance of a miss ${missOf(race)}`,
    trialsMissing ? `${countOf(trialsMissing)} more clean trials to ${boundOf(race)}` : '',
    control ? `control ${label(control.kernel)}: ${there}` : '',
    control && race.borrowed ? `borrowed from ${control.series}` : '',
  ]
  return parts.filter(Boolean).map(oneLine)
}

/** All of it as lines for a terminal, harmless whatever a guest said; none for a cell that is no race. */
export function raceLines(worded: WordedRace | null): string[] {
  if (worded === null) return []
  const beside = ({ word, here, there }: WordedRace['compared'][number]) =>
    [word, there === null ? here : `${here} | control: ${there}`] as const
  const pairs = [...worded.compared.map(beside), ...worded.facts]
  const width = Math.max(...pairs.map(([word]) => word.length))
  return [...worded.words, ...pairs.map(([word, said]) => `${word.padEnd(width)}  ${said}`)].map(oneLine)
}

function comparedOf({ trials, interval, control, controlInterval }: RaceStanding, label: KernelName) {
  const hits =
    control && controlInterval && trials.hits === 0
      ? `none, where ${atLeast(controlInterval.low * trials.trials)} or more were to be expected with the bug`
      : countOf(trials.hits)
  return [
    ...(control ? [{ word: 'Kernel', here: 'this one', there: label(control.kernel) }] : []),
    { word: 'Trials that count', here: countOf(trials.trials), there: control && countOf(control.trials) },
    { word: 'Hits', here: hits, there: control && countOf(control.hits) },
    { word: 'True rate, 95 % sure', here: rateOf(interval), there: control && controlInterval && rateOf(controlInterval) },
  ]
}

function controlFacts(control: ControlRate, borrowed: boolean, series: string): (readonly [string, string])[] {
  const { leansOn, conditions, profile, measuredAt } = control
  return [
    ['The control', leansOn],
    [
      'Its line',
      borrowed
        ? `${control.series}, borrowed: this kernel is ${series}, so its rate is an assumption here`
        : `${control.series}, this kernel's own`,
    ],
    ['Measured', `${momentOf(measuredAt)} in ${profile}, ${LOAD_WORDS[conditions.load]}`],
    ['Measured on', `${conditions.host}, QEMU ${conditions.qemu}`],
  ]
}

const LOAD_WORDS: Readonly<Record<Conditions['load'], string>> = {
  quiet: 'nothing else at work on the host',
  loaded: 'with other work on the host',
}

function reachOf({ trials, control, trialsMissing }: RaceStanding): WordedRace['reach'] {
  if (control === null || trialsMissing === null || trials.hits > 0) return null
  const needed = trials.trials + trialsMissing
  const text =
    trialsMissing === 0
      ? `${countOf(trials.trials)} clean trials are enough`
      : `${countOf(trials.trials)} of the ${countOf(needed)} clean trials that are needed`
  return { share: needed === 0 ? 0 : trials.trials / needed, text }
}

function missOf({ missChance, trials }: RaceStanding): string {
  if (missChance !== null) return chanceOf(missChance)
  return trials.hits > 0 ? 'none: the bug was seen' : 'cannot be said without a control'
}

function boundOf({ bound }: RaceStanding): string {
  return `${chanceOf(bound)} or less`
}

function hitsOf({ hits, trials }: Trials): string {
  return `${many(hits, 'hit')} in ${many(trials, 'trial')}`
}

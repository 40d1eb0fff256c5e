/** The text of a statistical cell for every renderer: sentences first, then its numbers beside those of the reference rate. */
import type { Conditions, ControlRate, RaceStanding, Trials } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { ReportCell } from '#domain/report/matrix.ts'
import { chanceOf, countOf, many } from '#domain/numbers.ts'
import { atLeast, rateOf, shortChance, shortCount } from './numbers.ts'
import { momentOf, oneLine } from './format.ts'

export interface RaceText {
  /** A sentence each, for readers without statistics. */
  readonly explanation: readonly string[]
  /** This cell beside its reference: a label, the value here, and there; `there` is null without a reference rate. */
  readonly compared: readonly { readonly word: string; readonly here: string; readonly there: string | null }[]
  /** Everything else: label and value. */
  readonly facts: readonly (readonly [word: string, said: string])[]
  /** How many of the needed trials were made; null where no number is enough. */
  readonly reach: { readonly share: number; readonly text: string } | null
  /** Series of the reference rate when it is not the kernel's own: the rate is an assumption here. */
  readonly extrapolatedFrom: string | null
}

type KernelName = (id: string) => string

/** The text of a cell; null for a deterministic case. `label` names kernels, `series` is that of the cell. */
export function raceText({ race }: Pick<ReportCell, 'race'>, series: string, label: KernelName): RaceText | null {
  if (race === null) return null
  const { reference, missProbability } = race
  return {
    explanation: race.explanation,
    compared: comparedOf(race, label),
    facts: [
      [
        'Miss probability',
        missProbabilityText(race) + (missProbability === null ? '' : `; accepted at ${maxMissProbabilityText(race)}`),
      ],
      ...(race.trialsRemaining ? [['Trials needed', `${countOf(race.trialsRemaining)} more, all without a hit`] as const] : []),
      ['Code path', race.codePath ?? 'the only one of this case'],
      ...(reference ? controlFacts(reference, race.extrapolated, series) : []),
      ...(reference || race.trials.hits > 0 ? [] : [['Control kernel', 'none with a usable rate'] as const]),
    ],
    reach: reachOf(race),
    extrapolatedFrom: race.extrapolated && reference ? reference.series : null,
  }
}

/** For a narrow place beside the verdict: `miss <0.0001 %`, `1.56K to go`, `no control`, `1 hit in 312`; may be empty. */
export function raceHint({ race, verdict }: Pick<ReportCell, 'race' | 'verdict'>): string {
  if (race === null) return ''
  if (race.trials.hits > 0) return `${many(race.trials.hits, 'hit')} in ${shortCount(race.trials.trials)}`
  if (!restsOnMissProbability({ race, verdict })) return ''
  if (race.reference === null) return 'no control'
  if (verdict === 'carries')
    return race.extrapolated ? `if like ${race.reference.series}` : `miss ${shortChance(race.maxMissProbability)}`
  return race.trialsRemaining ? `${shortCount(race.trialsRemaining, 'ceil')} to go` : ''
}

const STATISTICAL_VERDICTS: readonly Verdict[] = ['carries', 'inconclusive']

/** Whether a verdict depends on a miss probability: it rests on trials without a hit. */
export function restsOnMissProbability({ race, verdict }: Pick<ReportCell, 'race' | 'verdict'>): boolean {
  return race !== null && race.trials.hits === 0 && STATISTICAL_VERDICTS.includes(verdict)
}

/** The same in short, a line each without control characters: hits and their rate, the miss probability, the control kernel. */
export function raceParts(race: RaceStanding, label: KernelName): string[] {
  const { trials, interval, reference, referenceInterval, trialsRemaining } = race
  const own = `${hitsOf(trials)} (rate ${rateOf(interval)})`
  if (trials.hits > 0) return [own]
  const there = reference && referenceInterval && `${hitsOf(reference)} (${rateOf(referenceInterval)})`
  const parts = [
    own,
    `miss probability ${missProbabilityText(race)}`,
    trialsRemaining ? `${countOf(trialsRemaining)} more trials without a hit to ${maxMissProbabilityText(race)}` : '',
    reference ? `control ${label(reference.kernel)}: ${there}` : '',
    reference && race.extrapolated ? `extrapolated from ${reference.series}` : '',
  ]
  return parts.filter(Boolean).map(oneLine)
}

/** All of it as lines for a terminal, without control characters of the guest; empty for a deterministic case. */
export function raceLines(worded: RaceText | null): string[] {
  if (worded === null) return []
  const beside = ({ word, here, there }: RaceText['compared'][number]) =>
    [word, there === null ? here : `${here} | control: ${there}`] as const
  const pairs = [...worded.compared.map(beside), ...worded.facts]
  const width = Math.max(...pairs.map(([word]) => word.length))
  return [...worded.explanation, ...pairs.map(([word, said]) => `${word.padEnd(width)}  ${said}`)].map(oneLine)
}

function comparedOf({ trials, interval, reference, referenceInterval }: RaceStanding, label: KernelName) {
  const hits =
    reference && referenceInterval && trials.hits === 0
      ? `none; ${atLeast(referenceInterval.low * trials.trials)} or more are expected with the bug`
      : countOf(trials.hits)
  return [
    ...(reference ? [{ word: 'Kernel', here: 'this one', there: label(reference.kernel) }] : []),
    { word: 'Trials counted', here: countOf(trials.trials), there: reference && countOf(reference.trials) },
    { word: 'Hits', here: hits, there: reference && countOf(reference.hits) },
    { word: 'Rate, 95 % confidence', here: rateOf(interval), there: reference && referenceInterval && rateOf(referenceInterval) },
  ]
}

function controlFacts(control: ControlRate, extrapolated: boolean, series: string): (readonly [string, string])[] {
  const { controlSummary, conditions, profile, measuredAt } = control
  return [
    ['Control kernel', controlSummary],
    [
      'Rate measured on',
      extrapolated
        ? `${control.series}, extrapolated: this kernel is ${series}, so the rate is an assumption here`
        : `${control.series}, the series of this kernel`,
    ],
    ['Measured at', `${momentOf(measuredAt)} in ${profile}, ${LOAD_WORDS[conditions.load]}`],
    ['Measured by', `${conditions.host}, QEMU ${conditions.qemu}`],
  ]
}

const LOAD_WORDS: Readonly<Record<Conditions['load'], string>> = {
  quiet: 'quiet host',
  loaded: 'loaded host',
}

function reachOf({ trials, reference, trialsRemaining }: RaceStanding): RaceText['reach'] {
  if (reference === null || trialsRemaining === null || trials.hits > 0) return null
  const needed = trials.trials + trialsRemaining
  const text =
    trialsRemaining === 0
      ? `${countOf(trials.trials)} trials without a hit are enough`
      : `${countOf(trials.trials)} of ${countOf(needed)} trials without a hit`
  return { share: needed === 0 ? 0 : trials.trials / needed, text }
}

function missProbabilityText({ missProbability, trials }: RaceStanding): string {
  if (missProbability !== null) return chanceOf(missProbability)
  return trials.hits > 0 ? 'none: the bug was seen' : 'unknown without a control kernel'
}

function maxMissProbabilityText({ maxMissProbability }: RaceStanding): string {
  return `${chanceOf(maxMissProbability)} or less`
}

function hitsOf({ hits, trials }: Trials): string {
  return `${many(hits, 'hit')} in ${many(trials, 'trial')}`
}

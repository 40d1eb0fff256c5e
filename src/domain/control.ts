/** Controls: kernels whose answer is known, their rates, and what a race without a hit is worth against them. */

/** Trials of a race as the reproducer counted them. */
export interface Trials {
  readonly hits: number
  readonly trials: number
}

/** A kernel whose answer is known. A bad one must reproduce its case, a good one must not. */
export interface Control {
  /** Id of its kernel. */
  readonly kernel: string
  /** Id of the kernel it was made from, whose other answers it must share. */
  readonly base: string
  /** Series of its source, as vm-images/controls names it: `5.10`. */
  readonly series: string
  /** The fix taken out (or, of a good one, put in): `57efa1fe5957`. */
  readonly fix: string
  readonly kind: 'bad' | 'good'
  /** The case that must see it. */
  readonly case: string
  /** Cases that do not apply here any more. */
  readonly blinds: readonly string[]
  /** Why its answer is known, for people: `57efa1fe5957 taken out of linux-source-5.10 5.10.262-1`. */
  readonly summary: string
}

/** Both ends of a rate, exact (Clopper-Pearson), 95 % two-sided. */
export interface ConfidenceInterval {
  readonly low: number
  readonly high: number
}

/** Whether other processes used the host's CPUs: a vCPU that has to wait misses the race. */
export type HostLoad = 'quiet' | 'loaded'

/** The conditions of a rate. If any of them changes, the rate no longer applies. */
export interface Conditions {
  /** Host kernel, CPU model and count, in one line. */
  readonly host: string
  readonly qemu: string
  readonly load: HostLoad
}

/** How often a known-bad control showed the bug: the reference for trials without a hit on other kernels. */
export interface ControlRate extends Trials {
  readonly case: string
  /** sha256 of the reproducer: another program has another rate. */
  readonly program: string
  /** The code path of the reproducer to the race, as it names it; null for a case with a single one. */
  readonly codePath: string | null
  /** Id of the control kernel, and its series: `5.10.y`. */
  readonly kernel: string
  readonly series: string
  /** profileName of the guests it was measured in. */
  readonly profile: string
  readonly conditions: Conditions
  /** Why the control lacks the fix, for people. */
  readonly controlSummary: string
  /** ISO 8601. */
  readonly measuredAt: string
}

/** What the trials of a race are worth, in numbers and in words. */
export interface RaceStanding {
  readonly codePath: string | null
  /** Trials that count: real races, under the conditions of the control where there is one. */
  readonly trials: Trials
  /** Of this cell's own rate. */
  readonly interval: ConfidenceInterval
  /** The reference rate, null if none applies. */
  readonly reference: ControlRate | null
  readonly referenceInterval: ConfidenceInterval | null
  /** The control is of another series: its rate is an assumption about this one. */
  readonly extrapolated: boolean
  /** Probability that so many trials without a hit hide the bug, (1 - low)^trials; null without a control or after a hit. */
  readonly missProbability: number | null
  /** The miss probability up to which a race without a hit counts as carrying the fix. */
  readonly maxMissProbability: number
  /** Trials without a hit that remain to that probability: 0 when it is reached, null without a control or after a hit. */
  readonly trialsRemaining: number | null
  /** The same for readers without statistics, a sentence each. */
  readonly explanation: readonly string[]
}

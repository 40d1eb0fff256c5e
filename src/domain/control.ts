/** Controls: kernels whose answer is known, the rates they showed, and what a race that stayed clean is worth against them. */

/** Trials of a race as the reproducer counted them. */
export interface Trials {
  readonly hits: number
  readonly trials: number
}

/** A kernel whose answer is known. A bad one must reproduce its case, a good one must stay clean. */
export interface Control {
  /** Id of its kernel. */
  readonly kernel: string
  /** Id of the kernel it was made from, whose other answers it must share. */
  readonly base: string
  /** Line of its source, as vm-images/controls names it: `5.10`. */
  readonly series: string
  /** The fix taken out (or, of a good one, put in): `57efa1fe5957`. */
  readonly fix: string
  readonly kind: 'bad' | 'good'
  /** The case that must see it. */
  readonly case: string
  /** Cases that cannot be asked here any more. */
  readonly blinds: readonly string[]
  /** Why its answer is known, for people: `57efa1fe5957 taken out of linux-source-5.10 5.10.262-1`. */
  readonly summary: string
}

/** Both ends of a rate, exact (Clopper-Pearson), 95 % two-sided. */
export interface ConfidenceInterval {
  readonly low: number
  readonly high: number
}

/** Whether others left the host's CPUs to the guests: a vCPU that loses its turn meets nobody. */
export type HostLoad = 'quiet' | 'loaded'

/** What a rate was measured under. When any of it changes, the rate says nothing any more. */
export interface Conditions {
  /** Host kernel, CPU model and count, in one line. */
  readonly host: string
  readonly qemu: string
  readonly load: HostLoad
}

/** How often a known-bad control showed the bug. Clean trials elsewhere are weighed against it. */
export interface ControlRate extends Trials {
  readonly case: string
  /** sha256 of the reproducer: another program has another rate. */
  readonly program: string
  /** The road the reproducer took to the race, by its own word; null for a case that knows only one. */
  readonly codePath: string | null
  /** Id of the control kernel, and its series: `5.10.y`. */
  readonly kernel: string
  readonly series: string
  /** profileName of the guests it was measured in. */
  readonly profile: string
  readonly conditions: Conditions
  /** Why the control is known to lack the fix, for people. */
  readonly controlSummary: string
  /** ISO 8601. */
  readonly measuredAt: string
}

/** What a race cell rests on, in numbers and in words. */
export interface RaceStanding {
  readonly codePath: string | null
  /** Trials that count: real races, under the conditions of the control where there is one. */
  readonly trials: Trials
  /** Of this cell's own rate. */
  readonly interval: ConfidenceInterval
  /** The control it leans on, null where none may be leaned on. */
  readonly reference: ControlRate | null
  readonly referenceInterval: ConfidenceInterval | null
  /** The control is of another line: its rate is an assumption about this one. */
  readonly extrapolated: boolean
  /** Chance that so many clean trials hide the bug, (1 - low)^trials; null without a control or after a hit. */
  readonly missProbability: number | null
  /** The chance at which a clean race is believed. */
  readonly maxMissProbability: number
  /** Clean trials still missing to that bound: 0 when it is reached, null without a control or after a hit. */
  readonly trialsRemaining: number | null
  /** The same for somebody who knows no statistics, a sentence each. */
  readonly explanation: readonly string[]
}

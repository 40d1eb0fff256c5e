/** A plan: what a run will do, as plain data. It is computed, shown, stored, and then carried out. */
import { createHash } from 'node:crypto'
import type { Case } from '#domain/case.ts'
import type { Control, ControlRate } from '#domain/control.ts'
import type { Kernel, KnownKernel } from '#domain/kernel.ts'
import { profileName, type Accelerator, type GuestProfile } from '#domain/profile.ts'
import type { StageLimits } from '#domain/job.ts'
import type { PlannedSuite } from '#domain/report/suite.ts'
import { isNeededOn } from '#domain/version.ts'
import type { VerifyPlan } from '#domain/report/verify.ts'
import type { Measure } from '#verdict/race/sequential.ts'

export interface Plan {
  readonly schema: 'kwitness.plan/1'
  readonly seed: string
  readonly kernels: readonly Kernel[]
  /** Whole cases, so that a stored run can be judged without the catalogue it came from. */
  readonly cases: readonly Case[]
  readonly accelerator: Accelerator
  /** Host seconds the proving guest took to its first word: time-outs are scaled to it. */
  readonly bootSeconds: number
  readonly freshBoot: boolean
  /** The kernels of this plan whose answer is known; none in a plain run. */
  readonly controls: readonly Control[]
  /** The rates known when the plan was made, so that a stored run is judged the same later on. */
  readonly rates: readonly ControlRate[]
  /** The chance of a miss at which a race that stayed clean is believed. */
  readonly bound: number
  /** Guest seconds for each race cell, in one pool: what some leave goes to the undecided. */
  readonly raceSeconds: number
  /** How often and for how long the own race of a control is tried; null where its rate is what is wanted. */
  readonly measure: Measure | null
  /** Host seconds that an attempt took before, by case id: for the order of work, and nothing else. */
  readonly expected: Readonly<Record<string, number>>
  /** Arguments for a case beside those that every race gets, by case id. */
  readonly args: Readonly<Record<string, readonly string[]>>
  /** What the providers had of the series of these kernels when the plan was made; null in a plan that did not keep it. */
  readonly listing: readonly KnownKernel[] | null
  /** The kernels are not all to be asked, but searched for the places where the answer changes. */
  readonly search: boolean
  /** What the cases are programs of; null when they are cases of a catalogue. */
  readonly suite: PlannedSuite | null
  /** The patch that the kernels are held against each other for; null in any other run. */
  readonly verify: VerifyPlan | null
}

/** A plan that nobody asked anything special of. */
export const DEFAULT_PLAN = {
  controls: [],
  rates: [],
  bound: 1e-6,
  raceSeconds: 30,
  measure: null,
  expected: {},
  args: {},
  listing: null,
  search: false,
  suite: null,
  verify: null,
} as const satisfies Partial<Plan>

export interface Cell {
  readonly kernel: Kernel
  readonly case: Case
  readonly profile: GuestProfile
}

/** Boot seconds of the host that the times in case.json were measured on. */
const REFERENCE_BOOT_SECONDS = 2
const LEAST_BOOT_LIMIT_SECONDS = 20
const BOOT_LIMIT_FACTOR = 12
const SILENCE_SECONDS = 20

/** The kernel's modules that a cell wants loaded, by name: those its case does not do without on such a kernel. */
export function modulesOf({ kernel, case: { needs } }: Pick<Cell, 'kernel' | 'case'>): string[] {
  return needs.modules.filter(({ until }) => isNeededOn(kernel.version, until)).map(({ name }) => name)
}

/** The profile a case asks for on a kernel of this version. */
export function profileOf({ needs }: Case, accelerator: Accelerator, version: string): GuestProfile {
  const { cpus, memoryMiB } = needs
  const cmdline = needs.cmdline.flatMap((need) => {
    if (typeof need === 'string') return need
    return isNeededOn(version, need.until) ? need.arg : []
  })
  return { arch: 'x86_64', accelerator, cpus, memoryMiB, cmdline }
}

/** Names of the profiles a case asks for on one kernel or another. */
export function profileNamesOf(theCase: Case, accelerator: Accelerator): Set<string> {
  const turns = theCase.needs.cmdline.flatMap((need) => (typeof need === 'string' ? [] : need.until))
  return new Set(['0.0', ...turns].map((version) => profileName(profileOf(theCase, accelerator, version))))
}

/** Every kernel x case of a plan, kernels first. */
export function cellsOf(plan: Plan): Cell[] {
  return plan.kernels.flatMap((kernel) =>
    plan.cases.map((theCase) => ({ kernel, case: theCase, profile: profileOf(theCase, plan.accelerator, kernel.version) })),
  )
}

/** What names a cell within its plan. */
export function cellKey(cell: Cell): string {
  return `${cell.kernel.id}/${cell.case.id}`
}

/** The control whose own cell this is: its kernel, and the case that must see it. */
export function controlOf(plan: Plan, cell: Cell): Control | null {
  return plan.controls.find((control) => control.kernel === cell.kernel.id && control.case === cell.case.id) ?? null
}

/** How much slower this host is than the one case times were measured on; never below 1. */
export function slowness(plan: Plan): number {
  return Math.max(1, plan.bootSeconds / REFERENCE_BOOT_SECONDS)
}

/** A race goes on so many times longer than it was asked to while its sides have not met once (c-tests/include/race/race.h). */
const RACE_PATIENCE = 10

/** Time-outs of a case's stages, scaled to the proven boot speed of the host; a race is asked to last `raceSeconds`. */
export function limitsOf(plan: Plan, theCase: Case, raceSeconds = 0): StageLimits {
  const caseSeconds = theCase.timing.timeoutSeconds * slowness(plan) + RACE_PATIENCE * raceSeconds
  return {
    bootSeconds: Math.max(LEAST_BOOT_LIMIT_SECONDS, plan.bootSeconds * BOOT_LIMIT_FACTOR),
    silenceSeconds: Math.max(SILENCE_SECONDS * slowness(plan), caseSeconds),
    caseSeconds,
  }
}

/** The seed of an attempt, an unsigned 64-bit number: it follows from the run's seed and nothing else of the run. */
export function seedOf(plan: Plan, cell: Cell, attempt: number): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([plan.seed, cell.kernel.id, cell.case.id, attempt]))
    .digest()
  return digest.readBigUInt64BE().toString()
}

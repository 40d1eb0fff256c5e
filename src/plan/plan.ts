/** A plan: what a run will do, as plain data. It is made, shown and stored before the run executes it. */
import type { Case } from '#domain/case.ts'
import type { Control, ControlRate } from '#domain/control.ts'
import { unreachable } from '#domain/errors.ts'
import type { Kernel, KnownKernel } from '#domain/kernel.ts'
import type { ProfileAccelerator } from '#domain/profile.ts'
import type { CheckedHost } from '#domain/report/host.ts'
import type { PlannedSuite } from '#domain/report/suite.ts'
import type { VerifyPlan } from '#domain/report/verify.ts'
import type { Measure } from '#verdict/race/sequential.ts'

/** What every plan says, whatever its run is for. */
export interface PlanCommon {
  readonly schema: 'kwitness.plan/2'
  /** Unsigned 64-bit, decimal. */
  readonly seed: string
  readonly kernels: readonly Kernel[]
  /** Whole cases, so that a stored run can be judged without the catalogue it came from. */
  readonly cases: readonly Case[]
  readonly accelerator: ProfileAccelerator
  /** Host seconds from the start of the guest that proved the accelerator to its first word: time-outs scale with it. */
  readonly bootSeconds: number
  /** Guests boot for each attempt; no snapshot is restored. */
  readonly noSnapshot: boolean
  /** No guest is forked: each attempt restores one. */
  readonly noFork?: boolean
  /** What guests have around the case; the agent alone when not given. */
  readonly userland?: string
  /** Absolute path of the folder for the report, so that a resumed run leaves it there; its usual place when not given. */
  readonly out?: string
  /** The rates known when the plan was made, so that a stored run is judged the same after they are measured again. */
  readonly rates: readonly ControlRate[]
  /** The miss probability at or below which a race without a hit counts as carrying the fix. */
  readonly maxMissProbability: number
  /** Guest seconds for each race cell, in one pool: what decided cells leave goes to undecided ones. */
  readonly raceSeconds: number
  /** Host seconds that an attempt took before, by case id. They order the work and decide nothing. */
  readonly estimates: Readonly<Record<string, number>>
  /** What the providers listed of the series of these kernels when the plan was made; null in a plan that did not keep it. */
  readonly listing: readonly KnownKernel[] | null
}

/** Every kernel runs every case. */
interface MatrixPlan extends PlanCommon {
  readonly kind: 'matrix'
  /** Machines in use beside the guests: they were asked when the plan was made, and their kernels are among those of the plan. */
  readonly hosts?: readonly CheckedHost[]
}

/** Each branch of kernels is searched for adjacent kernels between which the answer changes. */
interface SearchPlan extends PlanCommon {
  readonly kind: 'search'
}

/** Machines that run were asked every case: made when their answers were there, because only they tell their kernels. */
interface CheckPlan extends PlanCommon {
  readonly kind: 'check'
  readonly hosts: readonly CheckedHost[]
}

/** Kernels whose answer is known run every case: each control must give its answer, and its rate is kept. */
interface ControlsPlan extends PlanCommon {
  readonly kind: 'controls'
  readonly controls: readonly Control[]
}

/** A race runs on its known-bad controls under several guest profiles. Each profile is a case of its own. */
interface SweepPlan extends PlanCommon {
  readonly kind: 'sweep'
  readonly controls: readonly Control[]
  readonly measure: Measure
  /** Arguments of a case beside those that every race gets, by case id. */
  readonly args: Readonly<Record<string, readonly string[]>>
}

/** Every kernel runs programs of a test suite. */
interface SuitePlan extends PlanCommon {
  readonly kind: 'suite'
  readonly suite: PlannedSuite
  /** Arguments of a program, by case id. */
  readonly args: Readonly<Record<string, readonly string[]>>
}

/** Kernels run every case without a patch and with it. The kernel without it is the control of a race. */
interface VerificationPlan extends PlanCommon {
  readonly kind: 'verify'
  readonly verify: VerifyPlan
  readonly controls: readonly Control[]
}

/** One case runs on one commit of a bisection, or on both ends of it to measure the rate of a race. */
interface BisectPlan extends PlanCommon {
  readonly kind: 'bisect'
  readonly controls: readonly Control[]
  /** How long the race of a control is tried; null for as long as any control is measured. */
  readonly measure: Measure | null
}

export type Plan = MatrixPlan | SearchPlan | CheckPlan | ControlsPlan | SweepPlan | SuitePlan | VerificationPlan | BisectPlan

export type PlanKind = Plan['kind']

/** The plan of a run of this kind. */
export type PlanOf<K extends PlanKind> = Extract<Plan, { readonly kind: K }>

/** What a plan says where the request says nothing. */
export const DEFAULT_PLAN = {
  rates: [],
  maxMissProbability: 1e-6,
  raceSeconds: 30,
  estimates: {},
  listing: null,
} as const satisfies Partial<PlanCommon>

/** The kernels of a plan whose answer is known. */
export function controlsOf(plan: Plan): readonly Control[] {
  switch (plan.kind) {
    case 'controls':
    case 'sweep':
    case 'verify':
    case 'bisect':
      return plan.controls
    case 'matrix':
    case 'search':
    case 'check':
    case 'suite':
      return []
    default:
      return unreachable(plan)
  }
}

/** How often and for how long the race of a control is tried; null where only its rate limits that. */
export function measureOf(plan: Plan): Measure | null {
  switch (plan.kind) {
    case 'sweep':
    case 'bisect':
      return plan.measure
    case 'matrix':
    case 'search':
    case 'check':
    case 'controls':
    case 'suite':
    case 'verify':
      return null
    default:
      return unreachable(plan)
  }
}

/** Arguments of a case beside those that every race gets. */
export function argsOf(plan: Plan, caseId: string): readonly string[] {
  switch (plan.kind) {
    case 'sweep':
    case 'suite':
      return plan.args[caseId] ?? []
    case 'matrix':
    case 'search':
    case 'check':
    case 'controls':
    case 'verify':
    case 'bisect':
      return []
    default:
      return unreachable(plan)
  }
}

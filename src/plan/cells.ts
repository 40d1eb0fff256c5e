/** The cells of a plan: kernel x case, the guest each asks for, its limits and its seeds. */
import { createHash } from 'node:crypto'
import { asTriedByChance, type Case } from '#domain/case.ts'
import type { Control } from '#domain/control.ts'
import type { PhaseLimits } from '#domain/job.ts'
import type { Kernel } from '#domain/kernel.ts'
import { profileName, type GuestProfile, type ProfileAccelerator } from '#domain/profile.ts'
import { isNeededOn } from '#domain/version.ts'
import { controlsOf, type Plan, type PlanCommon } from './plan.ts'

export interface Cell {
  readonly kernel: Kernel
  readonly case: Case
  readonly profile: GuestProfile
}

/** Boot seconds of the host on which the times in case.json were measured. */
const REFERENCE_BOOT_SECONDS = 2
const MIN_BOOT_LIMIT_SECONDS = 20
const BOOT_LIMIT_FACTOR = 12
const SILENCE_SECONDS = 20

/** Names of the kernel's modules to load for a cell: those its case needs on a kernel of this version. */
export function modulesOf({ kernel, case: { needs } }: Pick<Cell, 'kernel' | 'case'>): string[] {
  return needs.modules.filter(({ until }) => isNeededOn(kernel.version, until)).map(({ name }) => name)
}

/** The profile a case asks for on a kernel of this version. */
export function profileOf(
  { needs, oracle }: Case,
  accelerator: ProfileAccelerator,
  version: string,
  userland?: string,
): GuestProfile {
  const { cpus, memoryMiB } = needs
  const cmdline = needs.cmdline.flatMap((need) => {
    if (typeof need === 'string') return need
    return isNeededOn(version, need.until) ? need.arg : []
  })
  // A schedule is stepped by QEMU's debugger, which KVM does without, and by the addresses of the image.
  if (oracle === 'schedule') return { arch: 'x86_64', accelerator: 'tcg', cpus, memoryMiB, cmdline: [...cmdline, 'nokaslr'] }
  return { arch: 'x86_64', accelerator, cpus, memoryMiB, cmdline, ...(userland === undefined ? {} : { userland }) }
}

/** Least memory of a guest that runs a whole system of its own. */
const OWN_MIN_MIB = 1024

/** The profile of a case on a kernel that its own disk boots, whose command line kwitness does not write. */
function ownProfileOf(theCase: Case, accelerator: ProfileAccelerator, version: string): GuestProfile {
  const profile = profileOf(theCase, accelerator, version, 'own')
  return { ...profile, memoryMiB: Math.max(OWN_MIN_MIB, profile.memoryMiB), cmdline: [] }
}

/** Names of the profiles a case asks for on one kernel or another. */
export function profileNamesOf(theCase: Case, accelerator: ProfileAccelerator, userland?: string): Set<string> {
  const turns = theCase.needs.cmdline.flatMap((need) => (typeof need === 'string' ? [] : need.until))
  return new Set(['0.0', ...turns].map((version) => profileName(profileOf(theCase, accelerator, version, userland))))
}

/** Whether a kernel is that of a machine in use, which is asked and not booted. */
export function isOfMachine({ provider }: Pick<Kernel, 'provider'>): boolean {
  return provider === 'host'
}

/** Whether a kernel is on a disk of its own, which boots it. */
export function isOfImage({ provider }: Pick<Kernel, 'provider'>): boolean {
  return provider === 'image'
}

/** Whether a kernel comes with a system of its own, which no debugger steps: a race is tried by chance there. */
function hasOwnSystem(kernel: Pick<Kernel, 'provider'>): boolean {
  return isOfMachine(kernel) || isOfImage(kernel)
}

/** Finds a case as it is tried on a kernel. */
export function createCaseFinder({
  kernels,
  cases,
}: Pick<PlanCommon, 'kernels' | 'cases'>): (kernel: string, id: string) => Case | undefined {
  const own = new Set(kernels.filter(hasOwnSystem).map(({ id }) => id))
  const inGuests = new Map(cases.map((theCase) => [theCase.id, theCase]))
  const byChance = new Map(own.size === 0 ? [] : cases.map((theCase) => [theCase.id, asTriedByChance(theCase)]))
  return (kernel, id) => (own.has(kernel) ? byChance : inGuests).get(id)
}

/** Every kernel x case of a plan, kernels first. */
export function cellsOf({
  kernels,
  cases,
  accelerator,
  userland,
}: Pick<PlanCommon, 'kernels' | 'cases' | 'accelerator' | 'userland'>): Cell[] {
  return kernels.flatMap((kernel) =>
    cases.map((planned) => {
      if (!hasOwnSystem(kernel)) {
        return { kernel, case: planned, profile: profileOf(planned, accelerator, kernel.version, userland) }
      }
      const theCase = asTriedByChance(planned)
      if (isOfImage(kernel)) return { kernel, case: theCase, profile: ownProfileOf(theCase, accelerator, kernel.version) }
      return { kernel, case: theCase, profile: profileOf(theCase, 'none', kernel.version) }
    }),
  )
}

/** The name of a cell within its plan: `KERNEL/CASE`. */
export function cellKey(cell: Pick<Cell, 'kernel' | 'case'>): string {
  return `${cell.kernel.id}/${cell.case.id}`
}

/** The control whose own cell this is: its kernel, and the case that detects its bug. */
export function controlOf(plan: Plan, cell: Cell): Control | null {
  return controlsOf(plan).find((control) => control.kernel === cell.kernel.id && control.case === cell.case.id) ?? null
}

/** How much slower this host is than the one case times were measured on; never below 1. */
export function slowness({ bootSeconds }: Pick<PlanCommon, 'bootSeconds'>): number {
  return Math.max(1, bootSeconds / REFERENCE_BOOT_SECONDS)
}

/** A race runs this many times longer than its budget while its sides have not met once (c-tests/include/race/race.h). */
const RACE_TIMEOUT_FACTOR = 10

/** All trials of a schedule take 10 to 60 s, on a busy host several times that. */
const SCHEDULE_SECONDS = 600

/** Time-outs of an attempt's phases, scaled to the boot time measured on this host; `raceSeconds` is the budget of a race. */
export function limitsOf(plan: Pick<PlanCommon, 'bootSeconds'>, theCase: Case, raceSeconds = 0): PhaseLimits {
  const ownSeconds = theCase.oracle === 'schedule' ? SCHEDULE_SECONDS : theCase.timing.timeoutSeconds
  const caseSeconds = ownSeconds * slowness(plan) + RACE_TIMEOUT_FACTOR * raceSeconds
  return {
    bootSeconds: Math.max(MIN_BOOT_LIMIT_SECONDS, plan.bootSeconds * BOOT_LIMIT_FACTOR),
    silenceSeconds: Math.max(SILENCE_SECONDS * slowness(plan), caseSeconds),
    caseSeconds,
  }
}

/** The seed of an attempt, an unsigned 64-bit number in decimal: a function of the run's seed, the cell and the ordinal. */
export function seedOf(plan: Pick<PlanCommon, 'seed'>, cell: Cell, attempt: number): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([plan.seed, cell.kernel.id, cell.case.id, attempt]))
    .digest()
  return digest.readBigUInt64BE().toString()
}

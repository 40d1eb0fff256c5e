/** The identity of an attempt: all that its answer depends on. Attempts of one identity are repetitions of one another. */
import { createHash } from 'node:crypto'
import { isOfSuite, type Case } from '#domain/case.ts'
import { profileName, type GuestProfile } from '#domain/profile.ts'
import type { Cell } from './cells.ts'
import { modulesOf } from './cells.ts'
import { argsOf, type Plan } from './plan.ts'

/** Raised when the harness changes how it carries an attempt out, so that what was observed before it is not reused. */
const HARNESS_VERSION = 1

/** What is known of a cell's surroundings before its attempt. Every text names contents: a hash, a version, or a reason. */
export interface Surroundings {
  /** sha256 of the kernel's boot file. */
  readonly image: string
  /** sha256 of the program. */
  readonly program: string
  /** sha256 of the initramfs with the agent. */
  readonly initramfs: string
  /** What identifies the modules that the kernel comes with; null where that is unknown. */
  readonly modules: string | null
  readonly externalModules: readonly object[]
  /** The machine as QEMU is told of it. */
  readonly machine: readonly unknown[]
  /** QEMU's version, and the sha256 of its binary; null where that is unknown. */
  readonly qemu: readonly [version: string, sha256: string | null]
  /** The host in one line, as rates name it. */
  readonly host: string
  /** What a guest with the host's CPU sees of the host; nothing of it is part of an identity under TCG. */
  readonly hostCpu: readonly string[]
  /** sha256 of the code that drives schedules. */
  readonly scheduleEngine: string
}

/** By which rules the evidence of a case is an answer; what only people read is not among them. */
function rulesOf({ oracle, symptomEnding, schedule, timing, needs }: Case): object {
  const { timeoutSeconds } = timing
  return { oracle, symptomEnding: symptomEnding ?? null, schedule: schedule ?? null, timeoutSeconds, config: needs.config ?? [] }
}

/**
 * The conditions that a race's trials are worth something under: host, rates and limits. Its attempts differ in their budgets,
 * which are no part of the identity.
 */
function conditionsOf(plan: Plan, { case: { id }, profile }: Cell, host: string): object {
  const { maxMissProbability, raceSeconds } = plan
  const rates = plan.rates.filter((rate) => rate.case === id && rate.profile === profileName(profile))
  return { host, rates, maxMissProbability, raceSeconds }
}

/** The machine's part: under KVM the guest sees the host's own CPU, and TCG has a CPU model of its own. */
function cpuOf({ accelerator }: GuestProfile, { hostCpu }: Surroundings): readonly string[] {
  return accelerator === 'kvm' ? hostCpu : []
}

/**
 * sha256 (hex) of all that the answer of a cell depends on; null where something of it is unknown, and for programs of suites,
 * whose results are reported and never reused. Seeds, and whether a guest was booted, restored or forked, are no part of it.
 */
export function identityOf(plan: Plan, cell: Cell, around: Surroundings): string | null {
  const { kernel, case: theCase, profile } = cell
  const modules = modulesOf(cell)
  const isUnknown = (modules.length > 0 && around.modules === null) || around.qemu[1] === null
  if (isUnknown || isOfSuite(theCase)) return null
  const parts = [
    HARNESS_VERSION,
    [kernel.id, around.image],
    [modules, modules.length > 0 ? around.modules : null, inOrder(around.externalModules)],
    [theCase.id, around.program, argsOf(plan, theCase.id), around.initramfs],
    [inOrder(profile), around.machine, around.qemu, cpuOf(profile, around)],
    knownRules(theCase),
    theCase.oracle === 'schedule' ? around.scheduleEngine : null,
    theCase.oracle === 'statistical' ? inOrder(conditionsOf(plan, cell, around.host)) : null,
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** The rules of cases that were asked for before: they are the longest part, and the same for every kernel. */
const known = new WeakMap<Case, unknown>()

function knownRules(theCase: Case): unknown {
  const rules = known.get(theCase) ?? inOrder(rulesOf(theCase))
  known.set(theCase, rules)
  return rules
}

/** The same value with the keys of its objects in order, whatever order they were read in. */
export function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inOrder)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]))
}

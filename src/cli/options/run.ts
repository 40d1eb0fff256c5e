/** The options of `kwitness run`, read into what preparing a run takes. */
import { UserError } from '#domain/errors.ts'
import type { Accelerator } from '#domain/profile.ts'
import type { RunRequest } from '#run/prepare/prepare.ts'

export interface RunOptions {
  readonly kernels?: readonly string[]
  readonly cases?: readonly string[]
  readonly catalogue?: string
  readonly suite?: string
  readonly tree?: string
  readonly seed?: string
  readonly accel?: string
  readonly cores?: string
  readonly mirror?: string
  readonly jobs?: string
  readonly failOn?: string
  readonly out?: string
  readonly resume?: string | true
  readonly freshBoot?: true
  /** False with --no-fork. */
  readonly fork?: boolean
  readonly bound?: string
  readonly raceSeconds?: string
  readonly dryRun?: true
  readonly json?: true
  readonly timings?: true
  readonly history?: string
}

const LARGEST_SEED = 2n ** 64n - 1n
const LEAST_BOUND = 1e-12
const MOST_SECONDS = 86_400

function readSeed(text: string): string {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) > LARGEST_SEED) {
    throw new UserError(`--seed takes a number from 0 to 2^64-1, not ${text}`)
  }
  return BigInt(text).toString()
}

function readAccelerator(text: string): Accelerator {
  if (text === 'kvm' || text === 'tcg') return text
  throw new UserError(`--accel takes kvm or tcg, not ${text}`)
}

/** Read a count such as that of --cores; undefined when it was not given. Throws UserError for no whole number from 1. */
export function readCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new UserError(`${option} takes a whole number from 1, not ${text}`)
  return count
}

/** Throws UserError for a chance that is none, or one that no run could bring down to. */
function readBound(text: string): number {
  const bound = Number(text)
  if (bound >= LEAST_BOUND && bound < 1) return bound
  throw new UserError(`--bound takes a chance from ${LEAST_BOUND} to below 1, not ${text}`, 'such as 1e-6: once in a million')
}

function readSeconds(option: string, text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= MOST_SECONDS) return seconds
  throw new UserError(`${option} takes seconds from above 0 to ${MOST_SECONDS}, not ${text}`)
}

/** What a run is to be. Throws UserError for an option that cannot be read. */
export function parseRunOptions(options: Omit<RunOptions, 'tree'>): RunRequest {
  const { catalogue, seed, accel, bound, raceSeconds } = options
  return {
    kernels: options.kernels ?? ['default'],
    cases: options.cases ?? ['all'],
    freshBoot: options.freshBoot === true,
    ...(options.fork === false ? { noFork: true } : {}),
    ...(catalogue === undefined ? {} : { catalogue }),
    ...(seed === undefined ? {} : { seed: readSeed(seed) }),
    ...(accel === undefined ? {} : { accelerator: readAccelerator(accel) }),
    ...(bound === undefined ? {} : { maxMissProbability: readBound(bound) }),
    ...(raceSeconds === undefined ? {} : { raceSeconds: readSeconds('--race-seconds', raceSeconds) }),
  }
}

/** A job: one planned attempt, with everything its execution needs. */
import type { GuestProfile } from './profile.ts'

/** Limits of the phases in seconds, scaled to the measured boot speed of this host. */
export interface PhaseLimits {
  readonly bootSeconds: number
  /** Maximum time without a byte from console and output. */
  readonly silenceSeconds: number
  readonly caseSeconds: number
}

/** An external module of the case: built (sha256 of the .ko), or missing for a reason. */
export type ExternalModule =
  | { readonly name: string; readonly sha256: string }
  | { readonly name: string; readonly missing: string }

/**
 * One planned attempt as plain data: its execution needs this and caches that can be filled anywhere.
 * `program` is the sha256 of the compiled reproducer.
 */
export interface Job {
  readonly kernel: string
  readonly case: string
  readonly profile: GuestProfile
  readonly program: string
  readonly args: readonly string[]
  /** Modules to load before the case, by name. */
  readonly modules: readonly string[]
  readonly externalModules: readonly ExternalModule[]
  /** Unsigned 64-bit, decimal: all that is random in the attempt comes from it. */
  readonly seed: string
  /** Ordinal of the attempt in its cell, from 1. */
  readonly attempt: number
  readonly limits: PhaseLimits
}

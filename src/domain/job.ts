/** A job: one attempt to be made, with all that carrying it out needs. */
import type { GuestProfile } from './profile.ts'

/** Seconds a stage may take, already scaled to the proven boot speed of this host. */
export interface PhaseLimits {
  readonly bootSeconds: number
  /** Neither console nor output said a word. */
  readonly silenceSeconds: number
  readonly caseSeconds: number
}

/** An external module of the case: built (sha256 of the .ko), or missing for a reason. */
export type ExternalModule =
  | { readonly name: string; readonly sha256: string }
  | { readonly name: string; readonly missing: string }

/**
 * One attempt to be made, as plain data: carrying it out needs this and caches that can be filled anywhere.
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

/** Machines that `kwitness check` asked: what came of each, also of those that could not be asked. */
import type { Verdict } from '../judgement.ts'

/**
 * What came of a machine:
 * - `checked`: every chosen case was run or skipped
 * - `unreachable`: no connection, or no ssh on it
 * - `host-key-changed`, `host-key-unknown`, `host-key-revoked`: it is not known to be the machine that was meant
 * - `not-authenticated`: it did not accept this user
 * - `penalised`: its sshd refuses this address for a while (PerSourcePenalties, MaxStartups)
 * - `lost`: the connection ended, or the machine went down, while it was asked
 * - `timed-out`: it was silent or slow beyond its limits
 * - `no-place`: no folder takes a program and lets it run
 * - `not-understood`: it answered, but not as kwitness-check does
 */
export type HostOutcome =
  | 'checked'
  | 'unreachable'
  | 'host-key-changed'
  | 'host-key-unknown'
  | 'host-key-revoked'
  | 'not-authenticated'
  | 'penalised'
  | 'lost'
  | 'timed-out'
  | 'no-place'
  | 'not-understood'

/** The verdicts of the Debian kernel that is nearest to that of a machine, from a stored run. */
export interface NearestKernel {
  readonly kernel: string
  readonly version: string
  readonly run: string
  /** By case id. */
  readonly verdicts: Readonly<Record<string, Verdict>>
  /** Ids of the cases in which the machine answers otherwise; a report has them, a plan does not. */
  readonly differs?: readonly string[]
}

export interface CheckedHost {
  /** As it was named: `running`, `db1`, `admin@db1:2222`. */
  readonly host: string
  /** Id of its kernel; null where that did not become known. */
  readonly kernel: string | null
  readonly outcome: HostOutcome
  /** Why it was not checked, in a sentence; null where it was. */
  readonly message: string | null
  /** What kwitness-check says of it: os, cpu, uid, limits and more, by name. */
  readonly facts: Readonly<Record<string, string>>
  /** What could not be put back, or killed. */
  readonly left: readonly string[]
  readonly seconds: number
  /** Null where no stored run has one of its series. */
  readonly nearest: NearestKernel | null
}

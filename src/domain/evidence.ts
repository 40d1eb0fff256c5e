/**
 * Evidence: what was observed in one attempt, unjudged. Plain JSON plus two logs on disk.
 * Everything right of it runs on recorded evidence, with no QEMU.
 */
import type { Job } from './job.ts'
import type { BootMethod, GuestOrigin } from './profile.ts'

/** How the case's process ended in the guest, as the agent saw it. */
export interface CaseExit {
  /** Exit status, or null when a signal ended it. */
  readonly code: number | null
  readonly signal: number | null
  /** The agent killed it because the case's time ran out. */
  readonly timedOut: boolean
  /** Guest seconds from exec to exit. */
  readonly seconds: number
}

/** How the attempt ended, by what was observed, not by what it means. */
export type Ending =
  /** The case ended and the agent reported it. */
  | { readonly kind: 'exited'; readonly exit: CaseExit }
  /**
   * The case's time ran out and it did not end, but the agent answers a ping. `killed`: the agent reports that SIGKILL had no
   * effect; without it the report of the agent is overdue.
   */
  | { readonly kind: 'case-hung'; readonly afterSeconds: number; readonly killed?: true }
  /** The agent no longer answers. */
  | { readonly kind: 'kernel-hung'; readonly afterSeconds: number }
  /** The guest reset, shut down or halted by itself (a panic, a triple fault: the console shows which). */
  | { readonly kind: 'guest-stopped'; readonly reason: string }
  /** QEMU went away without the guest asking for it. */
  | { readonly kind: 'qemu-gone'; readonly code: number | null; readonly signal: string | null; readonly stderr: string }
  /** The agent sent nothing. */
  | { readonly kind: 'no-boot'; readonly reason: string }
  /** The guest sent something else than the agent's protocol. */
  | { readonly kind: 'garbled'; readonly detail: string }
  /** The host failed: no disk space, no payload, an error of the host. */
  | { readonly kind: 'infra'; readonly message: string }

export interface LogInfo {
  /** File name inside the evidence folder. */
  readonly file: string
  /** Bytes kept. */
  readonly bytes: number
  /** Bytes that came and were not kept, cut out of the middle. */
  readonly droppedBytes: number
}

export interface Evidence {
  readonly schema: 'kwitness.evidence/1'
  readonly job: Job
  /**
   * sha256 of all that the answer depends on: attempts of one identity are repetitions of one another. Absent where something
   * of it was unknown, and in evidence of before it: such an attempt is never reused.
   */
  readonly identity?: string
  readonly kernel: {
    /** `uname -r` and `uname -v` as the agent reported them; null without a report. */
    readonly release: string | null
    readonly build: string | null
    readonly sha256: string
  }
  readonly guest: {
    readonly bootMethod: BootMethod | null
    readonly origin: GuestOrigin
    /** Host seconds from the exec of QEMU, or the fork request, until the guest ran and its agent was ready. */
    readonly readySeconds: number | null
    /** Whether the host's scheduler preferred this guest to all other processes. */
    readonly raisedPriority: boolean
    readonly argv: readonly string[]
  }
  readonly host: {
    readonly qemu: string
    readonly kernel: string
    readonly cpuModel: string
    readonly cpus: number
    /** Share (0..1) of its CPU time that others used just before the attempt; null where it was not measured. */
    readonly load: number | null
  }
  readonly ending: Ending
  /** /proc/sys/kernel/tainted before and after the case; null when the agent could not say. */
  readonly taint: { readonly before: number | null; readonly after: number | null }
  readonly startedAt: string
  /** Host seconds from the job's start to its end. */
  readonly seconds: number
  /** Kernel log, as the serial port gave it. */
  readonly console: LogInfo
  /** The case's own output, stdout and stderr in order, from the agent's frames. */
  readonly output: LogInfo
  /** The record of scheduled trials (src/domain/race/schedule.ts), of a case with a schedule. */
  readonly schedule?: LogInfo
}

/** The duration of an attempt with any outcome. */
export interface AttemptTime {
  readonly case: string
  /** Name of its guest profile. */
  readonly profile: string
  /** Host seconds from the job's start to its end. */
  readonly seconds: number
}

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

/** How the attempt came to its end, told apart by what was seen, not by what it means. */
export type Ending =
  /** The case ended and the agent reported it. */
  | { readonly kind: 'exited'; readonly exit: CaseExit }
  /**
   * The case's time ran out and it did not end, but the agent answers a ping. `killed`: by the agent's own word it was killed,
   * in vain; else the agent should have said so long ago, and only answers.
   */
  | { readonly kind: 'case-hung'; readonly afterSeconds: number; readonly killed?: true }
  /** The agent no longer answers. */
  | { readonly kind: 'kernel-hung'; readonly afterSeconds: number }
  /** The guest reset, shut down or halted by itself (a panic, a triple fault: the console tells which). */
  | { readonly kind: 'guest-stopped'; readonly reason: string }
  /** QEMU went away without the guest asking for it. */
  | { readonly kind: 'qemu-gone'; readonly code: number | null; readonly signal: string | null; readonly stderr: string }
  /** The agent never spoke. */
  | { readonly kind: 'no-boot'; readonly reason: string }
  /** The guest spoke, but not the agent's protocol. */
  | { readonly kind: 'garbled'; readonly detail: string }
  /** Our side failed: no disk, no payload, an error of the host. */
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
  readonly kernel: {
    /** `uname -r` and `uname -v` as the agent reported them; null when it never spoke. */
    readonly release: string | null
    readonly build: string | null
    readonly sha256: string
  }
  readonly guest: {
    readonly bootMethod: BootMethod | null
    readonly origin: GuestOrigin
    /** Seconds of host time from exec of QEMU, or the word to fork, until the guest ran and its agent was ready. */
    readonly readySeconds: number | null
    /** The host's scheduler let this guest go before all others. */
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
  /** The case's own output, stdout and stderr in order, taken out of the agent's frames. */
  readonly output: LogInfo
}

/** How long an attempt took, whatever came of it. */
export interface AttemptTime {
  readonly case: string
  /** Name of its guest profile. */
  readonly profile: string
  /** Host seconds from the job's start to its end. */
  readonly seconds: number
}

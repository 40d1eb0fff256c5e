/** What a run is executed with: what it is given, and what it holds while it is under way. */
import type { GuestSource } from '#harness/boot/guests.ts'
import type { Host } from '#harness/boot/qemu/host.ts'
import type { Initramfs } from '#harness/image/initramfs.ts'
import type { Payloads } from '#harness/image/payload.ts'
import type { Program } from '#harness/image/program.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import type { Store } from '#store/ports.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import type { Plan } from '#plan/plan.ts'
import type { RunEventListener } from './events.ts'
import type { Identify } from './identity.ts'
import type { ResourcePool } from './resource-pool.ts'

/** What this machine adds to the plan of a run: facts of the host, and what the guests run. */
export interface GuestInputs {
  readonly host: Host
  readonly initramfs: Initramfs
  /** Compiled programs by case id. */
  readonly programs: ReadonlyMap<string, Program>
}

/** What attempts are made with on this machine. The signal of `kernels` ends them. */
export interface AttemptContext extends Pick<GuestInputs, 'host' | 'initramfs'> {
  readonly guests: GuestSource
  readonly payloads: Payloads
  readonly kernels: KernelContext
}

/** How a run may use this host, and who listens to it. The signal of `kernels` ends the run. */
export interface ExecutionOptions {
  readonly kernels: KernelContext
  readonly onEvent: RunEventListener
  /** Folder of a git tree that is searched for the fixes as well. */
  readonly gitTree?: string
  /** vCPUs of the guests that run at the same time; the cores of the host when not given. */
  readonly cores?: number
  /**
   * Whether a guest that is expected to take so many seconds may still start; always when not given. What may not is left without
   * an attempt, and the run ends.
   */
  readonly mayStart?: (expectedSeconds: number) => boolean
  /** MiB of memory of the guests that run at the same time; most of the host's available memory when not given. */
  readonly memoryMiB?: number
}

export interface RunInputs extends GuestInputs, ExecutionOptions {
  readonly plan: Plan
  /** Id of the run in the store. */
  readonly run: string
  readonly store: Store
}

export interface RunContext extends RunInputs, AttemptContext {
  /** Where guests run. */
  readonly slots: ResourcePool<'cpus' | 'memoryMiB'>
  readonly fetches: ResourcePool<'fetches'>
  /** Fetched kernels whose cells are under way: few, so that there are answers before all have booted. */
  readonly kernelsUnderWay: ResourcePool<'kernels'>
  readonly scratch: string
  readonly identify: Identify
  /** Judged attempts so far, by cellKey: those of an interrupted run first. */
  readonly attempts: Map<string, JudgedAttempt[]>
  readonly progress: { done: number; readonly total: number }
}

/** What a run is carried out with: what it is given, and what it holds while it goes on. */
import type { GuestSource } from '#harness/boot/guests.ts'
import type { Host } from '#harness/boot/qemu/host.ts'
import type { Initramfs } from '#harness/image/initramfs.ts'
import type { Payloads } from '#harness/image/payload.ts'
import type { Program } from '#harness/image/program.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import type { Store } from '#store/ports.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import type { Listener } from './events.ts'
import type { Plan } from '#plan/plan.ts'
import type { ResourcePool } from './resource-pool.ts'

/** What attempts are made with on this machine. */
export interface AttemptContext {
  readonly host: Host
  readonly initramfs: Initramfs
  readonly guests: GuestSource
  readonly payloads: Payloads
  readonly kernels: KernelContext
  readonly signal?: AbortSignal
}

export interface RunInputs {
  readonly plan: Plan
  readonly run: string
  readonly store: Store
  readonly host: Host
  readonly initramfs: Initramfs
  /** Compiled reproducers by case id. */
  readonly programs: ReadonlyMap<string, Program>
  readonly kernels: KernelContext
  readonly listen: Listener
  /** Folder of a git tree that is asked about the fixes as well. */
  readonly history?: string
  /** Guests side by side, in vCPUs; the cores of the host when not given. */
  readonly cores?: number
  /** And in MiB of memory; most of what the host has available when not given. */
  readonly memoryMiB?: number
  readonly signal?: AbortSignal
}

export interface RunContext extends RunInputs, AttemptContext {
  /** Where guests run. */
  readonly slots: ResourcePool<'cpus' | 'memoryMiB'>
  readonly fetches: ResourcePool<'fetches'>
  /** Kernels at hand that are under way: few, so that there are answers before all have booted. */
  readonly kernelsUnderWay: ResourcePool<'kernels'>
  readonly scratch: string
  /** Judged attempts so far, by cell: those of an interrupted run first. */
  readonly tried: Map<string, JudgedAttempt[]>
  readonly progress: { done: number; readonly total: number }
}

/** What a run is carried out with: what it is given, and what it holds while it goes on. */
import type { Host } from '../../harness/host.ts'
import type { Initramfs } from '../../harness/image/initramfs.ts'
import type { Program } from '../../harness/image/program.ts'
import type { KernelContext } from '../../harness/kernels/index.ts'
import type { Store } from '../store/ports.ts'
import type { Tried } from '../verdict/tried.ts'
import type { Bench } from './attempt.ts'
import type { Listener } from './events.ts'
import type { Plan } from './plan.ts'
import type { Pool } from './pool.ts'

export interface Conductor {
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

export interface Stage extends Conductor, Bench {
  /** Where guests run. */
  readonly slots: Pool<'cpus' | 'memoryMiB'>
  readonly fetches: Pool<'fetches'>
  /** Kernels at hand that are under way: few, so that there are answers before all have booted. */
  readonly kernelsUnderWay: Pool<'kernels'>
  readonly scratch: string
  /** Judged attempts so far, by cell: those of an interrupted run first. */
  readonly tried: Map<string, Tried[]>
  readonly progress: { done: number; readonly total: number }
}

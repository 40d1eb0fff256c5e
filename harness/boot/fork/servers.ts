/** The fork servers of a source of guests: one for each saved guest that many attempts want. */
import { InfraError, UserError } from '#domain/errors.ts'
import { exists } from '#harness/support/workspace.ts'
import type { Booted, BootInputs } from '../qemu/boot.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { buildForkParts, startForkServer, type ForkParts, type ForkServer } from './server.ts'

export interface Forks {
  /** Serve this guest until its end is asked for. Where that cannot be done none is served; it is said once. */
  readonly begin: (saved: Snapshot, inputs: BootInputs, signal?: AbortSignal) => Promise<void>
  /** A copy of the guest saved in this folder, or null when it is not served, or no more: what went wrong is said once. */
  readonly take: (folder: string, payload: string, signal?: AbortSignal) => Promise<Booted | null>
  /** Serve this guest no more; copies that run go on, and are waited for. */
  readonly end: (folder: string) => Promise<void>
}

/** Whether guests of these inputs are copied: those that QEMU emulates, with one vCPU. A race's guest is its own alone. */
function mayFork({ profile }: BootInputs): boolean {
  return profile.accelerator === 'tcg' && profile.cpus === 1
}

/** Fork servers, none at first; `note` is told when there cannot be any. */
export function createForks(cache: string, note: (text: string) => void): Forks {
  const serving = new Map<string, ForkServer>()
  let canFork = true
  let parts: Promise<ForkParts> | null = null

  /** What stood in the way. Throws what is no such thing. */
  function reasonOf(error: unknown, signal: AbortSignal | undefined): string {
    signal?.throwIfAborted()
    if (error instanceof InfraError || error instanceof UserError) return error.message
    throw error
  }

  async function end(folder: string): Promise<void> {
    const server = serving.get(folder)
    serving.delete(folder)
    await server?.retire()
  }

  return {
    begin: async (saved, inputs, signal) => {
      if (!canFork || !mayFork(inputs) || serving.has(saved.folder)) return
      try {
        parts ??= buildForkParts(cache)
        serving.set(saved.folder, await startForkServer(saved, inputs, await parts, cache, signal))
      } catch (error) {
        const reason = reasonOf(error, signal)
        // Forgotten meanwhile: that says nothing of the others.
        if (!(await exists(saved.folder))) return
        if (canFork) note(`guests cannot be forked here (${reason}): restoring one for each attempt`)
        canFork = false
      }
    },
    take: async (folder, payload, signal) => {
      const server = serving.get(folder)
      if (!server) return null
      try {
        return await server.fork(payload, signal)
      } catch (error) {
        const reason = reasonOf(error, signal)
        if (serving.get(folder) === server) note(`a guest could not be forked (${reason}): restoring those of its kind`)
        void end(folder)
        return null
      }
    },
    end,
  }
}

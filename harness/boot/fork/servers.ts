/** The fork servers of a source of guests: one for each saved guest that many attempts want. */
import { InfraError, UserError } from '#domain/errors.ts'
import { exists } from '#harness/support/workspace.ts'
import type { Booted, BootInputs } from '../qemu/boot.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { buildForkParts, startForkServer, type ForkParts, type ForkServer, type ForkServerOptions } from './server.ts'

export interface ForkServers {
  /** Serve this guest until `end` is called. Where forking does not work it serves none, and calls `note` once. */
  readonly begin: (saved: Snapshot, inputs: BootInputs, options: ForkServerOptions) => Promise<void>
  /** A child of the guest saved in this folder, or null, with the reason to `note`, when no server serves it. */
  readonly take: (folder: string, payload: string, signal?: AbortSignal) => Promise<Booted | null>
  /** Serve this guest no more. Resolves when its children, which go on, and its server are gone. */
  readonly end: (folder: string) => Promise<void>
}

/** Whether guests of these inputs are forked: those with one vCPU. A race's guest is its own alone. */
const mayFork = ({ profile }: BootInputs): boolean => profile.cpus === 1

/** Why the accelerator forbids it: a child cannot use the VM of its parent (KVM_API: ioctls return EIO in another process). */
const KVM_REASON = 'a virtual machine of KVM belongs to the process that made it'

/** Fork servers, none at first; `note` gets a sentence when there cannot be any. */
export function createForkServers(cache: string, note: (text: string) => void): ForkServers {
  const serving = new Map<string, ForkServer>()
  /** Servers that start, by folder: kernels of one image share a guest, and ask for it at the same time. */
  const starting = new Map<string, Promise<void>>()
  /** Servers that end, by folder: a run must not be over before they are gone. */
  const ending = new Map<string, Promise<unknown>>()
  /** False once a QEMU could not: no other is tried. */
  let canFork = true
  const noted = new Set<string>()
  let parts: Promise<ForkParts> | null = null

  /** What stood in the way. Throws an error that forking is not to blame for. */
  function reasonOf(error: unknown, signal: AbortSignal | undefined): string {
    signal?.throwIfAborted()
    if (error instanceof InfraError || error instanceof UserError) return error.message
    throw error
  }

  function noteOnce(reason: string): void {
    if (noted.has(reason)) return
    noted.add(reason)
    note(`guests cannot be forked here (${reason}): restoring one for each attempt`)
  }

  async function start(saved: Snapshot, inputs: BootInputs, options: ForkServerOptions): Promise<void> {
    try {
      parts ??= buildForkParts(cache)
      serving.set(saved.folder, await startForkServer(saved, inputs, await parts, cache, options))
    } catch (error) {
      const reason = reasonOf(error, options.signal)
      // A guest that was forgotten meanwhile says nothing of the others.
      if (!(await exists(saved.folder))) return
      canFork = false
      noteOnce(reason)
    }
  }

  async function end(folder: string): Promise<void> {
    // Who started it hears of an error.
    await starting.get(folder)?.catch(() => undefined)
    const server = serving.get(folder)
    serving.delete(folder)
    if (server) ending.set(folder, Promise.all([ending.get(folder), server.retire()]))
    await ending.get(folder)
  }

  return {
    begin: async (saved, inputs, options) => {
      if (!canFork || !mayFork(inputs) || serving.has(saved.folder)) return
      if (inputs.profile.accelerator === 'kvm') return noteOnce(KVM_REASON)
      const { folder } = saved
      const own = starting.get(folder) ?? start(saved, inputs, options).finally(() => starting.delete(folder))
      starting.set(folder, own)
      await own
    },
    take: async (folder, payload, signal) => {
      const server = serving.get(folder)
      if (!server) return null
      try {
        return await server.fork(payload, signal)
      } catch (error) {
        const reason = reasonOf(error, signal)
        if (serving.get(folder) === server) note(`a guest could not be forked (${reason}): restoring those of its kind`)
        /* The attempt does not wait for it; the end of the run does. */
        void end(folder).catch(() => undefined)
        return null
      }
    },
    end,
  }
}

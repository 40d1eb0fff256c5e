/** Pristine guests for attempts: restored from a saved one where that works, booted where it does not. */
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import type { BootMethod, GuestOrigin } from '#domain/profile.ts'
import { untimed, type Stopwatch } from '../support/stopwatch.ts'
import { exists } from '../support/workspace.ts'
import { bootFastest, type Booted, type BootInputs, type NotBooted } from './qemu/boot.ts'
import { evictSnapshots, touchSnapshot } from './snapshot/evict.ts'
import { createForkServers } from './fork/servers.ts'
import { ramFile } from './snapshot/compress.ts'
import { restoreGuest } from './snapshot/restore.ts'
import { saveSnapshot } from './snapshot/save.ts'
import { findSnapshot, snapshotFolder, removeSnapshot, type Snapshot } from './snapshot/snapshot.ts'

export type Guest = (Booted | NotBooted) & {
  readonly origin: GuestOrigin
  /** Trust the saved guest that this one came from no more: the next one is booted anew. */
  readonly forget: () => Promise<void>
}

interface PreparedSnapshot {
  readonly road: BootMethod
  readonly readySeconds: number
  /** Booted just now, rather than found in the cache. */
  readonly booted: boolean
}

type Kept = Snapshot & PreparedSnapshot

export interface GuestSource {
  /** Boot and save the guest of these inputs ahead of its attempts; null when it did not boot or cannot be saved. */
  readonly warm: (
    inputs: BootInputs,
    limitSeconds: number,
    signal?: AbortSignal,
    time?: Stopwatch,
  ) => Promise<PreparedSnapshot | null>
  readonly start: (
    inputs: BootInputs,
    payload: string,
    limitSeconds: number,
    signal?: AbortSignal,
    time?: Stopwatch,
  ) => Promise<Guest>
  /**
   * From now on fork the guests of these inputs, where that can be done, until the returned function is called. It pays for
   * a few attempts and more: the first one waits as long as a restored guest takes to run.
   */
  readonly fork: (inputs: BootInputs, signal?: AbortSignal, time?: Stopwatch) => Promise<() => Promise<void>>
}

const nothing = async (): Promise<void> => undefined

/**
 * A source of guests over this cache. `freshBoot` boots for every attempt, `noFork` restores for every one. Else `note` gets
 * one sentence when guests cannot be saved or forked here, and from then on they are booted or restored.
 */
export function createGuestSource(
  cache: string,
  options: { readonly freshBoot: boolean; readonly noFork?: boolean; readonly note: (text: string) => void },
): GuestSource {
  /** One boot per guest however many attempts want it at once. */
  const saving = new Map<string, Promise<Kept | NotBooted | null>>()
  let canSave = !options.freshBoot
  const servers = createForkServers(cache, options.note)
  /** Guests that are to be forked, by folder: which one is. Of another one found there that one is forgotten. */
  const forked = new Map<string, Kept>()
  /** One at a time: two would pack the same guests. */
  let evicting: Promise<unknown> = Promise.resolve()

  function makeRoom(folder: string): Promise<unknown> {
    const before = evicting.catch(() => undefined)
    evicting = before.then(() => evictSnapshots(join(folder, '..')))
    return evicting
  }

  async function save(
    inputs: BootInputs,
    limitSeconds: number,
    signal: AbortSignal | undefined,
    time: Stopwatch,
  ): Promise<Kept | NotBooted | null> {
    const folder = snapshotFolder(cache, inputs)
    /* First, for whoever makes room takes those that nobody wanted lately. */
    await touchSnapshot(folder, new Date())
    if (!(await exists(ramFile(folder)))) await time('make room', () => makeRoom(folder))
    const found = await time('check guest', () => findSnapshot(folder))
    if (found) return { ...found, booted: false }
    try {
      const made = await time('save', () => saveSnapshot(cache, inputs, limitSeconds, signal, time))
      return 'ok' in made ? made : { ...made, booted: true }
    } catch (error) {
      if (!(error instanceof InfraError) || signal?.aborted) throw error
      if (canSave) options.note(`guests cannot be saved here (${error.message}): booting one for each attempt`)
      canSave = false
      return null
    }
  }

  async function saved(
    inputs: BootInputs,
    limitSeconds: number,
    signal: AbortSignal | undefined,
    time: Stopwatch,
  ): Promise<Kept | NotBooted | null> {
    const folder = snapshotFolder(cache, inputs)
    const running = saving.get(folder)
    if (running) {
      const known = await running
      if (known === null || 'ok' in known || (await exists(ramFile(folder)))) return known
      /* Packed meanwhile, for want of room. */
      if (saving.get(folder) === running) saving.delete(folder)
      return saved(inputs, limitSeconds, signal, time)
    }
    const started = save(inputs, limitSeconds, signal, time)
    saving.set(folder, started)
    /* A boot that failed is tried again by the next attempt. */
    started.then(
      (result) => (result === null || 'ok' in result) && saving.delete(folder),
      () => saving.delete(folder),
    )
    return started
  }

  async function boot(inputs: BootInputs, payload: string, limitSeconds: number, signal?: AbortSignal): Promise<Guest> {
    const plain = async () => ({ kind: 'plain' }) as const
    const result = await bootFastest(cache, inputs, plain, { payload, limitSeconds, ...(signal ? { signal } : {}) })
    return { ...result, origin: 'booted', forget: nothing }
  }

  /** Who comes late does not take away the one that was booted in its place. */
  async function forget(guest: Kept): Promise<void> {
    const { folder } = guest
    if ((await saving.get(folder)) !== guest) return
    saving.delete(folder)
    void servers.end(folder).catch(() => undefined)
    await removeSnapshot(folder)
  }

  async function serve(guest: Kept, inputs: BootInputs, signal: AbortSignal | undefined, time: Stopwatch): Promise<void> {
    forked.set(guest.folder, guest)
    await time('fork server', () => servers.begin(guest, inputs, signal))
  }

  /** A guest from a saved one: a child of its fork server where there is one, else restored for this attempt alone. */
  async function another(
    found: Kept,
    inputs: BootInputs,
    payload: string,
    signal: AbortSignal | undefined,
    time: Stopwatch,
  ): Promise<Guest> {
    const { folder } = found
    if (forked.has(folder) && forked.get(folder) !== found) await serve(found, inputs, signal, time)
    const child = await time('fork', () => servers.take(folder, payload, signal))
    const own = { forget: () => forget(found) }
    if (child) return { ...child, ...own, origin: 'forked' }
    return { ...(await restoreGuest(found, inputs, payload, signal, time)), ...own, origin: 'restored' }
  }

  return {
    warm: async (inputs, limitSeconds, signal, time = untimed) => {
      if (!canSave) return null
      const guest = await saved(inputs, limitSeconds, signal, time)
      return guest === null || 'ok' in guest ? null : guest
    },
    fork: async (inputs, signal, time = untimed) => {
      const folder = snapshotFolder(cache, inputs)
      const found = await saving.get(folder)
      if (!found || 'ok' in found || options.noFork) return nothing
      await serve(found, inputs, signal, time)
      return async () => {
        forked.delete(folder)
        await servers.end(folder)
      }
    },
    start: async (inputs, payload, limitSeconds, signal, time = untimed) => {
      const bootOne = () => time('boot', () => boot(inputs, payload, limitSeconds, signal))
      if (!canSave) return bootOne()
      const found = await saved(inputs, limitSeconds, signal, time)
      if (found === null) return bootOne()
      if ('ok' in found) return { ...found, origin: 'booted', forget: nothing }
      const guest = await another(found, inputs, payload, signal, time)
      if (guest.ok || signal?.aborted) return guest
      options.note(`${inputs.image.kernel.id}: ${guest.reason}; booting it anew`)
      await guest.forget()
      return bootOne()
    },
  }
}

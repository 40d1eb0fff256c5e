/** Pristine guests for attempts: forked or restored from a snapshot where that works, booted where it does not. */
import type { GuestOrigin } from '#domain/profile.ts'
import { inSpan } from '../support/spans.ts'
import { doubtKvm } from './accelerator/store.ts'
import { createForkServers, type ForkServers } from './fork/servers.ts'
import { bootFastest, type Booted, type BootInputs, type NotBooted } from './qemu/boot.ts'
import { isSnapshot, PreparedSnapshots, type PreparedSnapshot } from './snapshot/prepared.ts'
import { restoreGuest } from './snapshot/restore.ts'
import { removeSnapshot } from './snapshot/snapshot.ts'

export type Guest = (Booted | NotBooted) & {
  readonly origin: GuestOrigin
  /** Discard the snapshot that this guest came from: the next guest of its inputs is booted. */
  readonly forget: () => Promise<void>
}

interface StartOptions {
  /** Seconds in which the guest must boot. */
  readonly limitSeconds: number
  readonly signal?: AbortSignal | undefined
  /** With a port for QEMU's debugger; such a guest is not forked. */
  readonly debug?: boolean | undefined
}

interface GuestSourceOptions {
  /** Boot a guest for every attempt. */
  readonly noSnapshot: boolean
  /** Restore a guest for every attempt, and fork none. */
  readonly noFork?: boolean
  /** Called with one sentence when this host cannot save or fork guests, or when a snapshot does not load. */
  readonly note: (text: string) => void
}

const nothing = async (): Promise<void> => undefined

/** A source of guests, with the snapshots of one cache. */
export class GuestSource {
  readonly #cache: string
  readonly #options: GuestSourceOptions
  readonly #snapshots: PreparedSnapshots
  readonly #servers: ForkServers
  /** Snapshots with a fork server, by folder. One that replaces it in its folder needs a server of its own. */
  readonly #forked = new Map<string, PreparedSnapshot>()

  constructor(cache: string, options: GuestSourceOptions) {
    this.#cache = cache
    this.#options = options
    this.#snapshots = new PreparedSnapshots(cache, options.note)
    this.#servers = createForkServers(cache, options.note)
  }

  /** The snapshot of these inputs, booted and saved when it is not there; null when it does not boot or cannot be saved. */
  async prepareSnapshot(inputs: BootInputs, options: StartOptions): Promise<PreparedSnapshot | null> {
    const result = await this.#prepare(inputs, options)
    return isSnapshot(result) ? result : null
  }

  /**
   * Fork the guests of these inputs where QEMU can, until the returned function is called. Worthwhile for more than a few
   * attempts: the first guest takes as long as a restored one and its case. A guest with a disk is not forked: its children would
   * share the network of the one that they are of.
   */
  async startForking(inputs: BootInputs, options: StartOptions): Promise<() => Promise<void>> {
    const snapshot = await this.#snapshots.find(inputs)
    if (!snapshot || this.#options.noFork || inputs.disk) return nothing
    await this.#serve(snapshot, inputs, options)
    return async () => {
      this.#forked.delete(snapshot.folder)
      await this.#servers.end(snapshot.folder)
    }
  }

  /** A pristine guest with this payload, or the NotBooted that says why there is none. */
  async start(inputs: BootInputs, payload: string, options: StartOptions): Promise<Guest> {
    const { signal } = options
    const bootGuest = () => inSpan('boot', () => this.#boot(inputs, payload, options))
    const result = await this.#prepare(inputs, options)
    if (result === null) return bootGuest()
    if (!isSnapshot(result)) return { ...result, origin: 'booted', forget: nothing }
    const guest = await this.#forkOrRestore(result, inputs, payload, options)
    if (guest.ok || signal?.aborted) return guest
    this.#options.note(`${inputs.image.kernel.id}: ${guest.reason}; booting it anew`)
    await guest.forget()
    return bootGuest()
  }

  async #prepare(inputs: BootInputs, options: StartOptions) {
    if (this.#options.noSnapshot) return null
    const result = await this.#snapshots.prepare(inputs, options)
    if (result !== null && !isSnapshot(result)) await this.#noteNotBooted(inputs, result, options.signal)
    return result
  }

  async #boot(inputs: BootInputs, payload: string, options: StartOptions): Promise<Guest> {
    const plain = async () => ({ kind: 'plain' }) as const
    const result = await bootFastest(this.#cache, inputs, plain, { ...options, payload })
    if (!result.ok) await this.#noteNotBooted(inputs, result, options.signal)
    return { ...result, origin: 'booted', forget: nothing }
  }

  /** A guest that KVM does not start makes the next run ask for KVM again. */
  async #noteNotBooted({ profile, image }: BootInputs, { reason }: NotBooted, signal: AbortSignal | undefined): Promise<void> {
    if (profile.accelerator !== 'kvm' || signal?.aborted || !(await doubtKvm(this.#cache))) return
    const text = `no guest of ${image.kernel.id} boots under KVM, though one proved it earlier (${reason})`
    this.#options.note(`${text}; the next run asks again whether KVM works, and --accel tcg does without it`)
  }

  async #forkOrRestore(snapshot: PreparedSnapshot, inputs: BootInputs, payload: string, options: StartOptions): Promise<Guest> {
    const { signal, debug } = options
    const { folder } = snapshot
    if (this.#forked.has(folder) && this.#forked.get(folder) !== snapshot) await this.#serve(snapshot, inputs, options)
    const child = debug ? null : await inSpan('fork', () => this.#servers.take(folder, payload, signal))
    const own = { forget: () => this.#forget(snapshot) }
    if (child) return { ...child, ...own, origin: 'forked' }
    return { ...(await restoreGuest(snapshot, inputs, payload, options)), ...own, origin: 'restored' }
  }

  /** A late caller must not discard the snapshot that has replaced this one. */
  async #forget(snapshot: PreparedSnapshot): Promise<void> {
    if (!(await this.#snapshots.release(snapshot))) return
    void this.#servers.end(snapshot.folder).catch(() => undefined)
    await removeSnapshot(snapshot.folder)
  }

  async #serve(snapshot: PreparedSnapshot, inputs: BootInputs, options: StartOptions): Promise<void> {
    this.#forked.set(snapshot.folder, snapshot)
    await inSpan('fork server', () => this.#servers.begin(snapshot, inputs, options))
  }
}

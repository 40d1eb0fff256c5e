/** The snapshots of one run: each is found in the cache or saved once, however many attempts need it at the same time. */
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { inSpan } from '#harness/support/spans.ts'
import { exists } from '#harness/support/workspace.ts'
import type { BootInputs, NotBooted } from '../qemu/boot.ts'
import { ramFile } from './compress.ts'
import { evictSnapshots, touchSnapshot } from './evict.ts'
import { saveSnapshot } from './save.ts'
import { findSnapshot, snapshotFolder, type Snapshot } from './snapshot.ts'

export interface PreparedSnapshot extends Snapshot {
  /** Whether the guest was booted just now; false for a snapshot from the cache. */
  readonly booted: boolean
}

/** A snapshot, the guest that did not boot, or null when this host cannot save snapshots. */
type Preparation = PreparedSnapshot | NotBooted | null

interface PrepareOptions {
  /** Seconds in which the guest must boot. */
  readonly limitSeconds: number
  readonly signal?: AbortSignal | undefined
}

export const isSnapshot = (result: Preparation | undefined): result is PreparedSnapshot => !!result && !('ok' in result)

export class PreparedSnapshots {
  readonly #cache: string
  readonly #note: (text: string) => void
  /** By folder. A preparation without a snapshot is removed, so that the next attempt tries again. */
  readonly #preparations = new Map<string, Promise<Preparation>>()
  /** Ends when the last eviction ends: two at the same time would compress the same snapshots. */
  #eviction: Promise<unknown> = Promise.resolve()
  #canSave = true

  /** `note` is called once, when a guest boots but this host cannot save it. */
  constructor(cache: string, note: (text: string) => void) {
    this.#cache = cache
    this.#note = note
  }

  /** The snapshot of these inputs, with its RAM ready to be mapped. Throws the signal's reason when it is aborted. */
  async prepare(inputs: BootInputs, options: PrepareOptions): Promise<Preparation> {
    if (!this.#canSave) return null
    const folder = snapshotFolder(this.#cache, inputs)
    const running = this.#preparations.get(folder)
    if (!running) return this.#start(folder, inputs, options)
    const result = await running
    if (!isSnapshot(result) || (await exists(ramFile(folder)))) return result
    /* An eviction has compressed the RAM since then. */
    if (this.#preparations.get(folder) === running) this.#preparations.delete(folder)
    return this.prepare(inputs, options)
  }

  /** The snapshot of these inputs when `prepare` was called for them; it is not prepared again. */
  async find(inputs: BootInputs): Promise<PreparedSnapshot | null> {
    const result = await this.#preparations.get(snapshotFolder(this.#cache, inputs))
    return isSnapshot(result) ? result : null
  }

  /** Prepare this snapshot anew for the next attempt. Returns false when another one has replaced it already. */
  async release(snapshot: PreparedSnapshot): Promise<boolean> {
    if ((await this.#preparations.get(snapshot.folder)) !== snapshot) return false
    return this.#preparations.delete(snapshot.folder)
  }

  #start(folder: string, inputs: BootInputs, options: PrepareOptions): Promise<Preparation> {
    const started = this.#findOrSave(folder, inputs, options)
    this.#preparations.set(folder, started)
    started.then(
      (result) => isSnapshot(result) || this.#preparations.delete(folder),
      () => this.#preparations.delete(folder),
    )
    return started
  }

  async #findOrSave(folder: string, inputs: BootInputs, { limitSeconds, signal }: PrepareOptions): Promise<Preparation> {
    /* Before the eviction, which removes the least recently used snapshots. */
    await touchSnapshot(folder, new Date())
    if (!(await exists(ramFile(folder)))) await inSpan('evict', () => this.#evict(folder))
    const found = await inSpan('check guest', () => findSnapshot(folder))
    if (found) return { ...found, booted: false }
    try {
      const saved = await inSpan('save', () => saveSnapshot(this.#cache, inputs, limitSeconds, signal))
      return 'ok' in saved ? saved : { ...saved, booted: true }
    } catch (error) {
      if (!(error instanceof InfraError) || signal?.aborted) throw error
      if (this.#canSave) this.#note(`this host cannot save guests (${error.message}): booting one for each attempt`)
      this.#canSave = false
      return null
    }
  }

  #evict(folder: string): Promise<unknown> {
    const before = this.#eviction.catch(() => undefined)
    this.#eviction = before.then(() => evictSnapshots(join(folder, '..')))
    return this.#eviction
  }
}

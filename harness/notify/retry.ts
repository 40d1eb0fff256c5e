/** Tries a delivery again for a while, each time after a longer wait. */
import { setTimeout as wait } from 'node:timers/promises'
import { InfraError } from '#domain/errors.ts'

/** What a try came to: null when it was delivered. */
export interface Failure {
  /** One clause, without secrets. */
  readonly why: string
  /** The receiver refused it for good: the same would be refused again. */
  readonly isFinal: boolean
  /** Milliseconds that the receiver asked to wait. */
  readonly waitMs?: number
}

export interface RetryOptions {
  /** How often it is tried. */
  readonly tries: number
  /** Milliseconds before the second try; each further wait is twice as long, and at most a minute. */
  readonly backoffMs: number
  readonly signal?: AbortSignal | undefined
  /** Gets a sentence before each wait. */
  readonly note: (sentence: string) => void
}

const MAX_WAIT_MS = 60_000

/**
 * Try until it is delivered. Throws InfraError, with the last failure, after the last try and for a refusal that is final, and
 * the signal's reason.
 */
export async function deliverWithRetries(
  target: string,
  once: () => Promise<Failure | null>,
  { tries, backoffMs, signal, note }: RetryOptions,
): Promise<void> {
  for (let number = 1; ; number += 1) {
    signal?.throwIfAborted()
    const failure = await once()
    if (failure === null) return
    const { why, isFinal, waitMs = 0 } = failure
    if (isFinal || number >= tries) {
      const times = number === 1 ? 'once' : `${number} times`
      throw new InfraError(`${target} did not take the notice (tried ${times}): ${why}`, 'the next night sends it again')
    }
    const ms = Math.min(MAX_WAIT_MS, Math.max(waitMs, backoffMs * 2 ** (number - 1)))
    note(`${target} did not take the notice: ${why}; trying again in ${Math.ceil(ms / 1000)} s (${number} of ${tries})`)
    await wait(ms, undefined, { signal }).catch(() => signal?.throwIfAborted())
  }
}

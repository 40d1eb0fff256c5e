/** Delivers by HTTP. */
import type { Failure } from './retry.ts'

const TIMEOUT_MS = 30_000

export interface HttpDelivery {
  readonly method: 'POST' | 'PUT'
  readonly url: string
  /** May hold secrets, as the address may: neither is ever said. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
  /** Sent as Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), so that a receiver can drop a repetition. */
  readonly key: string
}

/** Answers that may be another one later. */
const TRANSIENT = new Set([408, 425, 429])

/** Send it once. Redirections are refused: they could lead secrets elsewhere. */
export async function sendHttp({ method, url, headers, body, key }: HttpDelivery, signal?: AbortSignal): Promise<Failure | null> {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    return { why: 'its address is not a URL of http or https', isFinal: true }
  const limit = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const answer = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"`, 'user-agent': 'kwitness', ...headers },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    })
    await answer.body?.cancel()
    if (answer.ok) return null
    const { status } = answer
    const isFinal = status < 500 && !TRANSIENT.has(status)
    return { why: `it answered ${status}`, isFinal, ...retryAfter(answer.headers.get('retry-after')) }
  } catch (error) {
    signal?.throwIfAborted()
    if (limit.aborted) return { why: `no answer within ${TIMEOUT_MS / 1000} s`, isFinal: false }
    // The message of fetch would name the address, which may be a secret.
    const { cause } = error as { readonly cause?: { readonly code?: string } }
    return { why: `no connection: ${cause?.code ?? 'it cannot be reached'}`, isFinal: false }
  }
}

function retryAfter(text: string | null): Pick<Failure, 'waitMs'> {
  const seconds = Number(text)
  if (text === null) return {}
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now()
  return ms > 0 ? { waitMs: ms } : {}
}

/** Who may ask: only reading, only by a name of this server, and with the token where one is needed. It fails closed. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { UserError } from '#domain/errors.ts'

/** Tokens shorter than this are guessed. */
const MIN_TOKEN = 16

const COOKIE = 'kwitness-token'

/** Whether an address to listen on is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Check where to listen. Throws UserError for an address that others reach without a token that keeps them out. */
export function checkAccess(host: string, token: string | undefined): void {
  if (token !== undefined && token.length < MIN_TOKEN) {
    throw new UserError(
      `the token has ${token.length} letters, which is too few`,
      `give ${MIN_TOKEN} at least: openssl rand -hex 16`,
    )
  }
  if (token === undefined && !isLoopback(host)) {
    throw new UserError(
      `${host} is reached from other machines, and no token keeps them out`,
      'set KWITNESS_TOKEN, or give --token-file; or leave out --listen',
    )
  }
}

/** What a request comes to before it is answered. */
export type Admission =
  | { readonly kind: 'admitted'; readonly cookie: string | null }
  | { readonly kind: 'refused'; readonly status: number; readonly text: string }

const refused = (status: number, text: string): Admission => ({ kind: 'refused', status, text })

/**
 * Admit a request or refuse it. Without a token only names of this machine are taken for the server, so that no page of the
 * network that a browser here has open can read through it. A token comes as `Authorization: Bearer`, as `?token=` (which is
 * answered by a cookie), or in that cookie.
 */
export function admit(request: IncomingMessage, url: URL, token: string | undefined): Admission {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refused(405, 'This server is read-only.')
  if (token === undefined) {
    const name = url.hostname.replace(/^\[|\]$/g, '')
    return isLoopback(name) ? { kind: 'admitted', cookie: null } : refused(421, 'This server is not of that name.')
  }
  const [, bearer] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
  const [, kept] = new RegExp(`(?:^|; )${COOKIE}=([^;]*)`).exec(request.headers.cookie ?? '') ?? []
  const asked = url.searchParams.get('token')
  if (asked !== null && isEqual(asked, token)) {
    const cookie = `${COOKIE}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`
    return { kind: 'admitted', cookie }
  }
  if (bearer !== undefined && isEqual(bearer, token)) return { kind: 'admitted', cookie: null }
  if (kept !== undefined && isEqual(kept, encodeURIComponent(token))) return { kind: 'admitted', cookie: null }
  return refused(401, 'This server wants a token: open it with ?token=TOKEN once, or send it as a bearer.')
}

/** Whether two texts are equal, in a time that says nothing about where they differ. */
function isEqual(left: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(left), hash(right))
}

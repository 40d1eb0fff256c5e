/**
 * A connection to the sshd of a guest of ours, by the library ssh2: the key of its host is known in advance, and so is ours. No
 * file of the user is read (machines of users are reached by OpenSSH's client, docs/decisions/036). The library reports a lost
 * peer to none of the operations under way and repeats errors, so each operation here has a deadline, and the end of the
 * connection ends all of them (docs/decisions/037).
 */
import { createRequire } from 'node:module'
import type Ssh2 from 'ssh2'
import type { Channel, Client, Sftp } from 'ssh2'
import { UserError } from '#domain/errors.ts'
import { shellWord } from '../shell-word.ts'

/** A server, and how it is authenticated. */
export interface SshEndpoint {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly login: Login
  /** The only key that its host may show, as known_hosts has it: `ssh-ed25519 AAAA...`. Null takes the one that it shows. */
  readonly hostKey: string | null
}

/** A private key without a passphrase, as a file holds it, or the socket of an agent of ssh. */
export type Login = { readonly privateKey: string } | { readonly agent: string }

/** What went wrong with a connection or an operation on it. The caller decides what that means for whom. */
export class SshError extends Error {
  /** Whether the server knows neither this user nor this key. */
  get isOfLogin(): boolean {
    const { level } = (this.cause ?? {}) as { readonly level?: unknown }
    return level === 'client-authentication'
  }

  /** Whether the server opens no further session on this connection (MaxSessions) until another one has ended. */
  get isOfSessions(): boolean {
    const { reason } = (this.cause ?? {}) as { readonly reason?: unknown }
    return reason === RESOURCE_SHORTAGE || reason === CONNECT_FAILED
  }
}

/** Reasons of a channel that is not opened (RFC 4254, 5.1). OpenSSH says the first of them for one session too many. */
const CONNECT_FAILED = 2
const RESOURCE_SHORTAGE = 4

/** A command that has begun. */
export interface SshSession {
  readonly channel: Channel
  /** Settles with its exit status or with the signal that ended it; never where the peer says neither. */
  readonly exited: Promise<
    { readonly kind: 'exited'; readonly code: number } | { readonly kind: 'signalled'; readonly signal: string }
  >
  readonly closed: Promise<void>
}

export interface SshConnection {
  /** The key that its host has shown, as known_hosts has it. */
  readonly hostKey: string
  /** Start a command; resolves when it has begun. */
  readonly exec: (argv: readonly string[]) => Promise<SshSession>
  /** Write a file by SFTP, in place of one that is there. */
  readonly put: (path: string, bytes: Uint8Array, mode: number) => Promise<void>
  /** Settles with the reason when the connection has ended, whoever ended it. */
  readonly ended: Promise<string>
  /** End it, and wait until the peer has seen that, or for a second. */
  readonly close: () => Promise<void>
}

interface ConnectLimits {
  /** Seconds for the handshake, and for each operation. */
  readonly limitSeconds: number
  /** Seconds between probes, three of which an unresponsive peer may miss; 0 for a caller that watches the peer itself. */
  readonly aliveSeconds?: number
  readonly signal?: AbortSignal | undefined
}

const ALIVE_PROBES = 3
const CLOSE_MS = 1000

let loaded: typeof Ssh2 | undefined

/** The package, loaded with the first connection. */
function loadSsh2(): typeof Ssh2 {
  loaded ??= createRequire(import.meta.url)('ssh2') as typeof Ssh2
  return loaded
}

/** A key pair: the private half in OpenSSH's form, the public one as in authorized_keys. */
export function generateKeys(): { readonly private: string; readonly public: string } {
  const keys = loadSsh2().utils.generateKeyPairSync('ed25519')
  return { private: keys.private, public: keys.public.trim() }
}

/** Throws UserError for a private key that the library cannot use: one with a passphrase is for an agent. */
export function checkPrivateKey(name: string, text: string): void {
  const found = loadSsh2().utils.parseKey(text)
  if (!(found instanceof Error)) return
  throw new UserError(`cannot use the key ${name}: ${found.message}`, 'a key with a passphrase goes into an agent: key=agent')
}

/** Kinds of host keys, the one that is asked for first. */
const HOST_KEYS = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256']

/** The raw key of a line such as `ssh-ed25519 AAAA... comment`, null for any other. */
function rawKey(line: string): Buffer | null {
  const [kind = '', base64 = ''] = line.trim().split(/\s+/)
  const bytes = Buffer.from(base64, 'base64')
  return kindOf(bytes) === kind && kind !== '' ? bytes : null
}

/** The kind that a raw key begins with, after its length (RFC 4253, 6.6). */
function kindOf(key: Buffer): string {
  return key.length < 4 ? '' : key.toString('latin1', 4, 4 + key.readUInt32BE(0))
}

/**
 * Connect and authenticate. Throws SshError when that fails or takes too long, when the host shows another key than the one
 * that is known, and when the signal is aborted.
 */
export async function connectSsh(endpoint: SshEndpoint, limits: ConnectLimits): Promise<SshConnection> {
  const { limitSeconds, aliveSeconds = 0, signal } = limits
  const client = new (loadSsh2().Client)()
  const state = watch(client, signal)
  const known = endpoint.hostKey === null ? null : rawKey(endpoint.hostKey)
  let shown = ''
  const within = <T>(what: string, start: (settle: Settle<T>) => void): Promise<T> =>
    operation(state, { what, limitSeconds }, start)
  try {
    await within<void>('the handshake', ({ resolve, reject }) => {
      client.once('ready', () => resolve())
      client.once('error', (error: Error & { readonly level?: unknown }) => {
        if (error.level === 'client-authentication') reject(new SshError(error.message, { cause: error }))
      })
      client.connect({
        host: endpoint.host,
        port: endpoint.port,
        username: endpoint.user,
        ...endpoint.login,
        hostVerifier: (key, verify) => {
          shown = `${kindOf(key)} ${key.toString('base64')}`
          const isRight = endpoint.hostKey === null || (known !== null && key.equals(known))
          if (!isRight) reject(new SshError(`${endpoint.host}:${endpoint.port} shows another host key than its own`))
          verify(isRight)
        },
        algorithms: { serverHostKey: HOST_KEYS },
        readyTimeout: 0,
        keepaliveInterval: aliveSeconds * 1000,
        keepaliveCountMax: ALIVE_PROBES,
      })
    })
  } catch (error) {
    client.destroy()
    throw error instanceof SshError ? error : new SshError((error as Error).message)
  }
  return {
    hostKey: shown,
    exec: (argv) => exec(client, within, argv),
    put: (path, bytes, mode) => put(client, within, { path, bytes, mode }),
    ended: state.ended,
    close: async () => {
      client.end()
      const timer = setTimeout(() => client.destroy(), CLOSE_MS)
      await state.ended
      clearTimeout(timer)
    },
  }
}

interface Settle<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

type Within = <T>(what: string, start: (settle: Settle<T>) => void) => Promise<T>

interface State {
  readonly ended: Promise<string>
  readonly hasEnded: () => string | null
}

/** Collect the errors of a client, of which there may be several, until it closes. */
function watch(client: Client, signal: AbortSignal | undefined): State {
  let first: string | null = null
  let over: string | null = null
  const ended = Promise.withResolvers<string>()
  client.on('error', (error: Error) => (first ??= error.message))
  const abort = (): void => {
    first ??= 'interrupted'
    client.destroy()
    // A client that has no socket yet never closes.
    close()
  }
  const close = (): void => {
    signal?.removeEventListener('abort', abort)
    over ??= first ?? 'the connection was closed'
    ended.resolve(over)
  }
  client.on('close', close)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  return { ended: ended.promise, hasEnded: () => over }
}

/** Start an operation and wait for it, for its deadline, or for the end of the connection. Throws SshError. */
async function operation<T>(
  state: State,
  { what, limitSeconds }: { what: string; limitSeconds: number },
  start: (settle: Settle<T>) => void,
): Promise<T> {
  const over = state.hasEnded()
  if (over !== null) throw new SshError(`${what}: ${over}`)
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const timer = setTimeout(
    () => reject(new SshError(`${what} took longer than ${limitSeconds.toFixed(0)} s`)),
    limitSeconds * 1000,
  )
  const lost = state.ended.then((reason) => reject(new SshError(`${what}: ${reason}`)))
  void lost
  try {
    start({ resolve, reject })
    return await promise
  } catch (error) {
    // The library throws where it was not connected, and for keys that it cannot read.
    throw error instanceof SshError ? error : new SshError(`${what}: ${(error as Error).message}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

function exec(client: Client, within: Within, argv: readonly string[]): Promise<SshSession> {
  const command = `exec ${argv.map(shellWord).join(' ')}`
  return within('the start of a command', ({ resolve, reject }) => {
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(sessionOf(channel))))
  })
}

/**
 * The session of a channel. Called before the library reads on: the peer may send start, exit and close in one packet, and events
 * that nobody listens to are lost.
 */
function sessionOf(channel: Channel): SshSession {
  const exited: SshSession['exited'] = new Promise((resolve) => {
    channel.once('exit', (code: number | null, signal?: string) => {
      if (code !== null) resolve({ kind: 'exited', code })
      else resolve({ kind: 'signalled', signal: (signal ?? 'unknown').replace(/^SIG/, '') })
    })
  })
  const closed = new Promise<void>((resolve) => void channel.once('close', () => resolve()))
  return { channel, exited, closed }
}

async function put(
  client: Client,
  within: Within,
  { path, bytes, mode }: { path: string; bytes: Uint8Array; mode: number },
): Promise<void> {
  const sftp = await within<Sftp>('SFTP', ({ resolve, reject }) => {
    client.sftp((error, opened) => (error ? reject(error) : resolve(opened)))
  })
  try {
    await within<void>(`the transfer of ${path}`, ({ resolve, reject }) => {
      sftp.writeFile(path, bytes, { mode }, (error) => (error ? reject(error) : resolve()))
    })
  } finally {
    sftp.end()
  }
}

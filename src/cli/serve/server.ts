/** The server of `kwitness serve`: node's own, read-only. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { InfraError } from '#domain/errors.ts'
import { answer, sendText } from './answer.ts'
import { admit, isLoopback } from './guard.ts'

export interface ServeOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly token: string | undefined
  /** Folder of the store. */
  readonly state: string
  /** Ends the server. */
  readonly signal: AbortSignal
  /** Called with what went wrong for one request. */
  readonly onTrouble: (text: string) => void
}

export interface Serving {
  /** Where it listens, without a token. */
  readonly url: string
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>
}

/** Serve stored runs until the signal. Throws InfraError for an address that cannot be listened on. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { host, port, signal } = options
  const server = createServer((request, response) => void handle(request, response, options))
  await new Promise<void>((listening, failed) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      failed(new InfraError(`cannot listen on ${host}, port ${port}: ${code}`, 'name another --port, or 0 for any that is free')),
    )
    server.listen(port, host, listening)
  })
  const ended = new Promise<void>((done) => server.once('close', () => done()))
  signal.addEventListener('abort', () => {
    server.close()
    server.closeAllConnections()
  })
  const { port: bound } = server.address() as AddressInfo
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`, ended }
}

async function handle(request: IncomingMessage, response: ServerResponse, options: ServeOptions): Promise<void> {
  try {
    const url = urlOf(request)
    if (url === null) return sendText(response, 'text/plain', 'That is not an address.\n', 400)
    const admission = admit(request, url, options.token)
    if (admission.kind === 'refused') return sendText(response, 'text/plain', `${admission.text}\n`, admission.status)
    if (admission.cookie !== null) {
      // The token leaves the address, so that it is in no history and in no link that is passed on.
      url.searchParams.delete('token')
      response.writeHead(303, { location: `${url.pathname}${url.search}`, 'set-cookie': admission.cookie })
      response.end()
      return
    }
    // Of a stream without an end, a HEAD would wait for ever.
    if (request.method === 'HEAD' && url.pathname.endsWith('/events')) return sendText(response, 'text/event-stream', '')
    await answer(response, url, options.state, options.signal)
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    options.onTrouble(text)
    if (response.headersSent) response.end()
    else sendText(response, 'text/plain', `${isLoopback(options.host) ? text : 'The server could not answer.'}\n`, 500)
  }
}

/** The address of a request by its Host; null where the two are none. */
function urlOf({ url = '/', headers }: IncomingMessage): URL | null {
  const path = url.startsWith('/') ? url : '/'
  return URL.canParse(path, `http://${headers.host ?? ''}`) ? new URL(path, `http://${headers.host}`) : null
}

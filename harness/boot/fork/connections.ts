/** Where the copies of a fork server dial in: each says what it wants to talk about, and which copy it is. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export interface Callers {
  readonly path: string
  /** Rejects with the system's error when the path cannot be listened at. */
  readonly listening: Promise<unknown>
  /** The connection that begins with this line, whether it came already or is still to come. */
  readonly expect: (line: string) => Promise<Socket>
  readonly close: () => void
}

const LONGEST = 64

/** Listen on a new Unix socket at this path. */
export function listenForCopies(path: string): Callers {
  const here = new Map<string, PromiseWithResolvers<Socket>>()
  const seat = (line: string): PromiseWithResolvers<Socket> => {
    const known = here.get(line) ?? Promise.withResolvers<Socket>()
    here.set(line, known)
    return known
  }

  function receive(socket: Socket): void {
    socket.on('error', () => undefined)
    socket.once('readable', () => {
      const bytes = (socket.read() as Buffer | null) ?? Buffer.alloc(0)
      const end = bytes.indexOf('\n')
      // Written at once, so it comes at once; whoever says something else is none of ours.
      if (end < 0 || end > LONGEST) return socket.destroy()
      if (bytes.length > end + 1) socket.unshift(bytes.subarray(end + 1))
      seat(bytes.toString('latin1', 0, end)).resolve(socket)
    })
  }

  const server = createServer(receive)
  const listening = once(server, 'listening')
  /* Who waits for it hears of it; later nothing comes that was not said by a missing call. */
  listening.catch(() => undefined)
  server.on('error', () => undefined)
  server.listen(path)
  return {
    path,
    listening,
    expect: (line) => seat(line).promise.finally(() => here.delete(line)),
    close: () => void server.close(),
  }
}

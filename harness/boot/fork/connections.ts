/** Where the children of a fork server connect: each connection says what it is for, and of which child it is. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export interface Connections {
  readonly path: string
  /** Rejects with the system's error when nothing can listen at the path. */
  readonly listening: Promise<unknown>
  /** The connection that begins with this line, whether it came already or is still to come. */
  readonly expect: (line: string) => Promise<Socket>
  readonly close: () => void
}

const MAX_LINE = 64

/** Listen on a new Unix socket at this path. */
export function listenForChildren(path: string): Connections {
  const expected = new Map<string, PromiseWithResolvers<Socket>>()
  const seat = (line: string): PromiseWithResolvers<Socket> => {
    const known = expected.get(line) ?? Promise.withResolvers<Socket>()
    expected.set(line, known)
    return known
  }

  function receive(socket: Socket): void {
    socket.on('error', () => undefined)
    socket.once('readable', () => {
      const bytes = (socket.read() as Buffer | null) ?? Buffer.alloc(0)
      const end = bytes.indexOf('\n')
      // A child writes its line in one piece, so anything else is not from a child.
      if (end < 0 || end > MAX_LINE) return socket.destroy()
      if (bytes.length > end + 1) socket.unshift(bytes.subarray(end + 1))
      seat(bytes.toString('latin1', 0, end)).resolve(socket)
    })
  }

  const server = createServer(receive)
  const listening = once(server, 'listening')
  /* The caller awaits it later; a later error of the server shows as a connection that does not come. */
  listening.catch(() => undefined)
  server.on('error', () => undefined)
  server.listen(path)
  return {
    path,
    listening,
    expect: (line) => seat(line).promise.finally(() => expected.delete(line)),
    close: () => void server.close(),
  }
}

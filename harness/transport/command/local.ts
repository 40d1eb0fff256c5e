/** The transport of this machine: commands are children in process groups of their own. */
import { constants } from 'node:os'
import { startDetached } from '#harness/support/process.ts'
import { conduct, type Command, type CommandEnd, type StartedCommand, type Transport } from './contract.ts'

/** A transport that starts commands here. */
export function createLocalTransport(): Transport {
  const open = new Set<() => void>()
  const run = async (command: Command): Promise<CommandEnd> => {
    const started = start(command)
    if (typeof started === 'string') return { kind: 'lost', message: `it did not start: ${started}` }
    const lost = Promise.withResolvers<CommandEnd & { kind: 'lost' }>()
    const close = (): void => {
      started.kill()
      lost.resolve({ kind: 'lost', message: 'the transport was closed' })
    }
    open.add(close)
    try {
      return await conduct({ ...started, ended: Promise.race([lost.promise, started.ended]) }, command)
    } finally {
      open.delete(close)
    }
  }
  return {
    name: 'this machine',
    run,
    close: async () => {
      for (const close of open) close()
    },
  }
}

/** The command, started, or why that is not possible. */
function start({ argv: [program = '', ...args] }: Command): StartedCommand | string {
  let child: ReturnType<typeof startDetached>
  try {
    child = startDetached(program, args)
  } catch (error) {
    return (error as Error).message
  }
  const { stdin, stdout, stderr } = child
  // Without descriptors there are no pipes, whatever the types say.
  if ([stdin, stdout, stderr].includes(undefined as never)) {
    child.once('error', () => undefined)
    return 'too many open files'
  }
  // Not `close`: that waits for whoever holds the output open.
  const ended = new Promise<Awaited<StartedCommand['ended']>>((resolve) => {
    child.once('exit', (code, signal) => {
      if (code !== null) resolve({ kind: 'exited', code })
      else resolve({ kind: 'signalled', signal: (signal ?? 'unknown').replace(/^SIG/, '') })
    })
    child.once('error', ({ message }) => resolve({ kind: 'lost', message: `it did not start: ${message}` }))
  })

  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, constants.signals.SIGKILL)
    } catch {
      // It has ended by itself.
    }
  }
  return { stdin, stdout, stderr, ended, kill }
}

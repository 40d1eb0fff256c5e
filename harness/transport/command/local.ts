/** The transport of this machine: commands are children in process groups of their own. */
import { constants } from 'node:os'
import { InvariantError } from '#domain/errors.ts'
import { startProcess } from '#harness/support/process.ts'
import { conduct, type Command, type CommandEnd, type StartedCommand, type Transport } from './contract.ts'

/** A transport that starts commands here. */
export function createLocalTransport(): Transport {
  const open = new Set<() => void>()
  const run = async (command: Command): Promise<CommandEnd> => {
    const started = start(command)
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

function start({ argv: [program = '', ...args] }: Command): StartedCommand {
  const child = startProcess(program, args, { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe', detached: true, cleanup: true })
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new InvariantError(`${program} was started without pipes`)
  // Not the promise of execa: that waits for whoever holds the output open.
  const ended = new Promise<Awaited<StartedCommand['ended']>>((resolve) => {
    child.nodeChildProcess.once('exit', (code, signal) => {
      if (code !== null) resolve({ kind: 'exited', code })
      else resolve({ kind: 'signalled', signal: (signal ?? 'unknown').replace(/^SIG/, '') })
    })
    child.nodeChildProcess.once('error', ({ message }) => resolve({ kind: 'lost', message: `it did not start: ${message}` }))
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

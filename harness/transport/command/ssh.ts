/**
 * The transport to another machine: OpenSSH's own client, one connection for each command. So the user's configuration, agent,
 * certificates, hardware keys, jump hosts and known_hosts mean what they mean to ssh (docs/decisions/036).
 */
import { randomBytes } from 'node:crypto'
import { writeFile, rm, access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { makeTemporaryFolder } from '#harness/support/scratch.ts'
import type { Command, CommandEnd, Transport } from './contract.ts'
import { shellWord } from '../shell-word.ts'
import { createLocalTransport } from './local.ts'

/** Seconds until a machine must have answered, and without an answer to a probe after which it is lost. */
const CONNECT_SECONDS = 15
const ALIVE_SECONDS = 5
const ALIVE_PROBES = 3
const MAX_ERROR_BYTES = 1 << 16

/**
 * The first value of an option counts, so these hold whatever the user's files say, and for jump hosts too, to which ssh passes
 * its -F. Hosts are authenticated strictly, nothing is forwarded or asked, and no file of the user is written.
 */
const FORCED = [
  'BatchMode yes',
  'StrictHostKeyChecking yes',
  'UpdateHostKeys no',
  'NumberOfPasswordPrompts 0',
  'ClearAllForwardings yes',
  'ForwardAgent no',
  'ForwardX11 no',
  'PermitLocalCommand no',
  'Tunnel no',
  'RequestTTY no',
  'RemoteCommand none',
  'IgnoreUnknown SessionType',
  'SessionType default',
  'ControlMaster no',
  'ControlPath none',
  'LogLevel ERROR',
  `ConnectTimeout ${CONNECT_SECONDS}`,
  'ConnectionAttempts 1',
  `ServerAliveInterval ${ALIVE_SECONDS}`,
  `ServerAliveCountMax ${ALIVE_PROBES}`,
  'TCPKeepAlive yes',
]

/** A configuration for ssh that forces what is above and then reads the user's. */
export interface SshConfig {
  readonly path: string
  readonly remove: () => Promise<void>
}

/**
 * Write the configuration. `own` is a file that replaces the user's and the system's, as -F does. Throws InfraError where TMPDIR
 * cannot be written.
 */
export async function writeSshConfig(own?: string): Promise<SshConfig> {
  const folder = await makeTemporaryFolder()
  const path = join(folder, 'ssh_config')
  const files = own === undefined ? [join(homedir(), '.ssh', 'config'), '/etc/ssh/ssh_config'] : [own]
  const readable: string[] = []
  for (const file of files) {
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    ) {
      readable.push(file)
    }
  }
  // A file that ends within a Host section must not swallow the next Include.
  const includes = readable.flatMap((file) => ['Match all', `Include "${file.replaceAll('"', '\\"')}"`])
  await writeFile(path, `${[...FORCED, ...includes].join('\n')}\n`, { mode: 0o600 })
  return { path, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Runs a command and says its exit status in a line of standard error that no command can know. */
const WRAPPER = 'mark=$1; shift; "$@"; code=$?; printf "\\n%s %d\\n" "$mark" "$code" >&2; exit "$code"'

/** Where a machine is, as ssh takes it. */
export interface SshAddress {
  readonly host: string
  readonly user?: string | undefined
  readonly port?: number | undefined
}

/** Words of ssh up to the command. */
export function addressWords({ host, user, port }: SshAddress, { path }: Pick<SshConfig, 'path'>): string[] {
  const options = [...(user === undefined ? [] : ['-l', user]), ...(port === undefined ? [] : ['-p', String(port)])]
  return ['-F', path, ...options, '--', host]
}

/** A transport to this machine. What ssh itself says of a connection that fails is the message of `lost`. */
export function createSshTransport(address: SshAddress, config: Pick<SshConfig, 'path'>): Transport {
  const local = createLocalTransport()

  async function run(command: Command): Promise<CommandEnd> {
    const mark = `kwitness-${randomBytes(16).toString('hex')}`
    const words = ['sh', '-c', WRAPPER, 'sh', mark, ...command.argv]
    const remote = `exec ${words.map(shellWord).join(' ')}`
    const told = Promise.withResolvers<number>()
    const stop = new AbortController()
    let errors = ''
    // A child that the command left may hold its output open, and ssh waits for it: the mark says that the command has ended.
    const ended = told.promise.then(async (code) => {
      await new Promise((resolve) => void setTimeout(resolve, DRAIN_MS).unref())
      stop.abort()
      return code
    })
    void ended
    const end = await local.run({
      ...command,
      argv: ['ssh', ...addressWords(address, config), remote],
      onError: (chunk) => {
        errors = (errors + chunk.toString('latin1')).slice(-MAX_ERROR_BYTES)
        const code = codeIn(errors, mark)
        if (code !== null) told.resolve(code)
      },
      signal: command.signal ? AbortSignal.any([command.signal, stop.signal]) : stop.signal,
    })
    const code = codeIn(errors, mark)
    const own = code === null ? errors : errors.slice(0, errors.indexOf(`\n${mark} `))
    if (own !== '') command.onError?.(Buffer.from(own, 'latin1'))
    if (code !== null && (end.kind !== 'aborted' || stop.signal.aborted)) return endOf(code)
    if (end.kind !== 'exited' && end.kind !== 'signalled') return end
    const said = errors
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .filter(Boolean)
      .slice(-MAX_LINES)
      .join('; ')
    return { kind: 'lost', message: said || 'the connection ended without a word' }
  }
  return { name: address.host, run, close: local.close }
}

const DRAIN_MS = 1000
const MAX_LINES = 6
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  4: 'ILL',
  6: 'ABRT',
  7: 'BUS',
  8: 'FPE',
  9: 'KILL',
  11: 'SEGV',
  13: 'PIPE',
  14: 'ALRM',
  15: 'TERM',
}

function codeIn(errors: string, mark: string): number | null {
  const found = new RegExp(`\\n${mark} (\\d+)\\n`).exec(errors)
  return found ? Number(found[1]) : null
}

/** A shell tells a signal as 128 and its number; an exit status of that value cannot be told from it. */
function endOf(code: number): CommandEnd {
  const signal = SIGNALS[code - 128]
  return signal === undefined ? { kind: 'exited', code } : { kind: 'signalled', signal }
}

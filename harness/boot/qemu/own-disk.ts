/**
 * What a guest that a disk of the user has booted is made to do by its sessions, as root: the agent's folder, where a panic goes,
 * and what its console says. The guest is thrown away, so nothing is put back.
 */
import { readFile } from 'node:fs/promises'
import { readArchive } from '#harness/image/payload.ts'
import { shellWord } from '#harness/transport/shell-word.ts'
import { SshError, type SshConnection } from '#harness/transport/ssh2/connection.ts'
import type { GuestDisk, SessionStart } from './guest-disk.ts'

const FOLDER = '/var/lib/kwitness'
/** Where any user may write, and from where root takes what came. */
const BROUGHT = '/tmp/kwitness'
const AGENT = `${FOLDER}/agent`
const PAYLOAD = `${BROUGHT}-payload`

/** What the console shows when a session has come up; a kernel that logs elsewhere cannot be judged. */
export const CONSOLE_MARK = 'kwitness: a session works'

/**
 * A panic restarts the guest, which ends QEMU; the console shows every line, at any level and rate; a task of the system that has
 * not begun yet must not begin in an attempt. `/case` is where the agent works.
 */
const SET_UP = [
  'set -e',
  'umask 077',
  'echo -1 > /proc/sys/kernel/panic',
  'echo 8 > /proc/sys/kernel/printk',
  'if [ -w /proc/sys/kernel/printk_devkmsg ]; then echo on > /proc/sys/kernel/printk_devkmsg; fi',
  `mkdir -p ${FOLDER} /case`,
  'mount -t tmpfs tmpfs /case',
  'mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug || true',
  `cp ${BROUGHT}-agent ${AGENT}`,
  `chmod 700 ${AGENT}`,
  'if command -v systemctl > /dev/null; then systemctl is-system-running --wait > /dev/null || true; fi',
  `echo '<5>${CONSOLE_MARK}' > /dev/kmsg`,
].join('\n')

/** A command of a shell, as root: as the user that logs in, or by its sudo. */
function asRoot(script: string): string {
  const word = shellWord(script)
  return `if [ "$(id -u)" = 0 ]; then exec sh -c ${word}; else exec sudo -n sh -c ${word}; fi`
}

/**
 * Prepare a guest that is new, and bring what an attempt runs. Returns the command that starts the agent. Throws SshError where
 * that fails or takes too long.
 */
export async function prepareOwn(made: SshConnection, disk: GuestDisk, start: SessionStart): Promise<string> {
  if (start.isNew) {
    await made.put(`${BROUGHT}-agent`, await readFile(disk.agent.path), 0o700)
    await runToEnd(made, asRoot(SET_UP), start.deadline)
  }
  if (start.payload !== null) await made.put(PAYLOAD, await readArchive(start.payload), 0o600)
  return asRoot(`exec ${AGENT} ${PAYLOAD}`)
}

/** Run a command to its end. Throws SshError for a status other than 0, with the last line that it printed. */
async function runToEnd(made: SshConnection, command: string, deadline: number): Promise<void> {
  const { channel, exited, closed } = await made.exec(['sh', '-c', command])
  let said = ''
  channel.resume()
  channel.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-4096)))
  const timeout = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => timeout.resolve('late'), Math.max(0, deadline - performance.now()))
  try {
    const end = await Promise.race([exited, closed.then(() => 'closed' as const), timeout.promise])
    if (end === 'late') throw new SshError('the guest was not ready in time: its services are still starting')
    const isDone = end !== 'closed' && end.kind === 'exited' && end.code === 0
    if (!isDone) throw new SshError(`cannot prepare the guest as root: ${said.trim().split('\n').at(-1) ?? ''}`)
  } finally {
    clearTimeout(timer)
  }
}

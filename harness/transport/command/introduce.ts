/** A machine whose host key is not known yet, shown to the person at the terminal: ssh asks, and keeps what is accepted. */
import { startProcess } from '#harness/support/process.ts'
import { addressWords, type SshAddress, type SshConfig } from './ssh.ts'

/** Over what is forced otherwise (the command line comes first): the key alone is asked for, on the terminal. */
const ASKING = [
  'StrictHostKeyChecking=ask',
  'BatchMode=no',
  'PasswordAuthentication=no',
  'KbdInteractiveAuthentication=no',
  'EscapeChar=none',
].flatMap((option) => ['-o', option])

/**
 * Let ssh ask on the terminal of this process whether the machine's host key is right; it writes known_hosts as the user's
 * configuration says. A changed or revoked key is refused without a question, and so is the key of a jump host. Whatever came
 * of it, the machine is authenticated anew, strictly, before anything is sent to it.
 */
export async function introduceHost(
  address: SshAddress,
  config: Pick<SshConfig, 'path'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const words = [...ASKING, ...addressWords(address, config), 'exit']
  // Not detached: who is not of the terminal's own group may not read from it.
  await startProcess('ssh', words, {
    stdin: 'inherit',
    stdout: 'ignore',
    stderr: 'inherit',
    ...(signal && { cancelSignal: signal }),
  })
}

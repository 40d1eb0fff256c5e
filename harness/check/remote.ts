/** Another machine as a target: kwitness-check goes there through the standard input of one session, and removes itself. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { HostOutcome } from '#domain/report/host.ts'
import type { Program } from '../image/program.ts'
import type { Transport } from '../transport/command/contract.ts'
import { introduceHost } from '../transport/command/introduce.ts'
import { createSshTransport, type SshAddress, type SshConfig } from '../transport/command/ssh.ts'
import { BOOTSTRAP } from './bootstrap.ts'
import { readHostChangelog } from './changelog.ts'
import { askOver, type CheckQuestion, type HostAnswer, type Target } from './ask.ts'

/** What ssh says when a connection fails, and what it means. The first that matches counts. */
const FAILURES: readonly (readonly [RegExp, HostOutcome])[] = [
  [/REVOKED HOST KEY|marked as revoked|is revoked/i, 'host-key-revoked'],
  [/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/, 'host-key-changed'],
  [/host key is known for|Host key verification failed|no matching host key|Certificate invalid/i, 'host-key-unknown'],
  [/Permission denied|Too many authentication failures|No supported authentication methods/i, 'not-authenticated'],
  [/Not allowed at this time|kex_exchange_identification|banner exchange: .*(?:closed|reset)/i, 'penalised'],
  [/Connection (?:closed|reset) by .* port \d+$/i, 'penalised'],
  // OpenSSH 10's client says nothing of a server that closes before it greets.
  [/^the connection ended without a word$/, 'penalised'],
  [/refused|No route to host|is unreachable|Could not resolve|timed out|during banner exchange|UNKNOWN port/i, 'unreachable'],
]

/** The answer with what ssh said of a connection that never was. */
function explained(answer: HostAnswer): HostAnswer {
  if (answer.outcome !== 'lost' || answer.stream.planned !== null || answer.message === null) return answer
  const said = answer.message.replace('the connection was lost: ', '')
  const [pattern, outcome] = FAILURES.find(([one]) => one.test(said)) ?? []
  if (pattern === undefined || outcome === undefined) return answer
  const line = said.split('; ').find((one) => pattern.test(one)) ?? said
  const why = outcome === 'penalised' ? `its sshd lets nobody in for a while (PerSourcePenalties or MaxStartups): ${line}` : line
  return { ...answer, outcome, message: why }
}

async function askOnce(transport: Transport, program: Buffer, question: CheckQuestion): Promise<HostAnswer> {
  const name = `.kwitness-${randomBytes(9).toString('base64url')}`
  const argv = ['sh', '-c', BOOTSTRAP, 'sh', name, String(program.length), ...question.options]
  try {
    return explained(await askOver(transport, { argv, input: program }, question))
  } finally {
    await transport.close()
  }
}

/** Programs that were read, by path: one copy serves every machine. */
const programs = new Map<string, Promise<Buffer>>()

/** A machine that ssh reaches by this configuration. `host` is how it is called in reports. */
export function remoteTarget(host: string, address: SshAddress, { path }: Program, config: SshConfig): Target {
  const ask = async (question: CheckQuestion): Promise<HostAnswer> => {
    const read = programs.get(path) ?? readFile(path)
    programs.set(path, read)
    const program = await read
    return askOnce(createSshTransport(address, config), program, question)
  }
  const changelog: Target['changelog'] = (signal) => readHostChangelog(createSshTransport(address, config), signal)
  return { host, ask, changelog, introduce: (signal) => introduceHost(address, config, signal) }
}

/**
 * How long `kwitness check` takes for many machines, against `xargs -P` with OpenSSH's client that starts the same program, which
 * is there already. One sshd under as many names; each run after the other. `--hosts N` (200), `--parallel N` (16),
 * `--rounds N` (2).
 */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildCheckProgram } from '#harness/image/check-program.ts'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { writeSshConfig } from '#harness/transport/command/ssh.ts'
import { readCatalogue } from '#run/prepare/catalogue.ts'
import { makeKey, SSHD, startServer } from '#test/e2e/check/sshd.ts'

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '200' },
    parallel: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '2' },
  },
})
const CATALOGUE = inRepository('test', 'e2e', 'check', 'cases')
/** Budget: so many times what the peer takes. */
const BUDGET = 1.3

if (SSHD === null) throw new Error('needs root and openssh-server')
const { cache } = findWorkspace()
const folder = await mkdtemp(join(cache, 'hosts-'))
const key = await makeKey(join(folder, 'key'))
const server = await startServer(folder, key, { name: 'server' })
try {
  const names = Array.from({ length: Number(values.hosts) }, (_, n) => `host${n + 1}`)
  const known = join(folder, 'known_hosts')
  const config = join(folder, 'config')
  await writeFile(known, `host* ${server.hostKey}\n`)
  const all = [
    'Host *',
    'HostName 127.0.0.1',
    `Port ${server.port}`,
    'User root',
    'IdentitiesOnly yes',
    `IdentityFile ${folder}/key`,
  ]
  const hosts = names.map((name) => `Host ${name}\n  HostKeyAlias ${name}`)
  await writeFile(config, `${[...hosts, ...all, `UserKnownHostsFile ${known}`].join('\n')}\n`)
  const list = join(folder, 'hosts')
  await writeFile(list, `${names.join('\n')}\n`)
  const program = join(folder, 'kwitness-check')
  await copyFile((await buildCheckProgram(cache, await readCatalogue(CATALOGUE))).path, program)
  const env = { KWITNESS_STATE: join(folder, 'state') }
  const forced = await writeSshConfig(config)
  const timed = async (command: string, args: readonly string[], codes: readonly number[]): Promise<number> => {
    const started = performance.now()
    const { exitCode, stderr } = await runCommand(command, args, { anyExit: true, env })
    if (!codes.includes(exitCode)) throw new Error(`${command} exits ${exitCode}: ${stderr.slice(-2000)}`)
    return (performance.now() - started) / 1000
  }
  const ssh = ['-P', values.parallel, '-a', list, '-I{}', 'ssh', '-n', '-F', forced.path, '{}', `${program} --cases unseen`]
  const ours = ['check', '--inventory', list, '--ssh-config', config, '--catalogue', CATALOGUE, '--cases', 'unseen', '--json']
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const peer = await timed('xargs', ssh, [0])
    const own = await timed(inRepository('kwitness'), [...ours, '--parallel', values.parallel, '--out', join(folder, 'out')], [0])
    const ratio = own / peer
    const times = `xargs and ssh ${peer.toFixed(1)} s, kwitness check ${own.toFixed(1)} s`
    console.log(`${names.length} machines, ${values.parallel} at once: ${times}`)
    console.log(`  ${ratio.toFixed(2)} times the peer, budget ${BUDGET}: ${ratio <= BUDGET ? 'held' : 'exceeded'}`)
  }
  await forced.remove()
} finally {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}

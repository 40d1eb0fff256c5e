/** The transport over ssh keeps the contract, against a real sshd. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createSshTransport, writeSshConfig, type SshConfig } from '#harness/transport/command/ssh.ts'
import { testTransport } from '#test/conformance/transport.ts'
import { makeKey, SSHD, startServer, type Server } from './sshd.ts'

let folder = ''
let server: Server
let config: SshConfig

if (SSHD === null) test('the transport over ssh', { skip: 'needs root and openssh-server' })
else {
  before(async () => {
    folder = await mkdtemp('/var/tmp/kw-ssh-')
    const key = await makeKey(join(folder, 'key'))
    server = await startServer(folder, key, { name: 'server' })
    const known = join(folder, 'known_hosts')
    await writeFile(known, `target ${server.hostKey}\n`)
    const own = join(folder, 'config')
    const lines = [
      'Host target',
      'HostName 127.0.0.1',
      `Port ${server.port}`,
      'User root',
      'HostKeyAlias target',
      'IdentitiesOnly yes',
    ]
    await writeFile(own, `${[...lines, `IdentityFile ${join(folder, 'key')}`, `UserKnownHostsFile ${known}`].join('\n')}\n`)
    config = await writeSshConfig(own)
  })
  after(async () => {
    await server?.stop()
    await config?.remove()
    await rm(folder, { recursive: true, force: true })
  })
  testTransport({
    name: 'ssh',
    open: async () => createSshTransport({ host: 'target' }, config),
    begunSeconds: 4,
    kill: (pid, signal) => server.inside(`kill -s ${signal} ${pid}`),
    folder: () => folder,
  })
}

/** The transport to guests by ssh2 keeps the contract, against a real sshd; each operation ends whatever the peer does. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connectSsh, SshError, type SshEndpoint } from '#harness/transport/ssh2/connection.ts'
import { openGuestKeys } from '#harness/transport/ssh2/keys.ts'
import { createSsh2Transport } from '#harness/transport/ssh2/transport.ts'
import { testTransport } from '#test/conformance/transport.ts'
import { makeKey, SSHD, startServer, type Server } from './sshd.ts'

let folder = ''
let server: Server
let endpoint: SshEndpoint

if (SSHD === null) test('the transport by ssh2', { skip: 'needs root and openssh-server' })
else {
  before(async () => {
    folder = await mkdtemp('/var/tmp/kw-ssh2-')
    const { client } = await openGuestKeys(join(folder, 'cache'))
    server = await startServer(folder, client.public, { name: 'server', config: ['Subsystem sftp internal-sftp'] })
    const own = { login: { privateKey: client.private }, hostKey: server.hostKey }
    endpoint = { host: '127.0.0.1', port: server.port, user: 'root', ...own }
  })
  after(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  testTransport({
    name: 'ssh2',
    open: async () => createSsh2Transport(endpoint),
    begunSeconds: 4,
    kill: (pid, signal) => server.inside(`kill -s ${signal} ${pid}`),
    folder: () => folder,
  })

  test('commands that end at once tell how, though their start and their end may come in one packet', async () => {
    const transport = createSsh2Transport(endpoint)
    try {
      const codes = Array.from({ length: 200 }, (_, n) => n)
      const ends = codes.map((code) =>
        transport.run({ argv: ['sh', '-c', `exit ${code}`], limitSeconds: 60, onOutput: () => undefined }),
      )
      assert.deepEqual(
        await Promise.all(ends),
        codes.map((code) => ({ kind: 'exited', code })),
      )
    } finally {
      await transport.close()
    }
  })

  test('only the known host key is accepted, and only the own key gets in', async () => {
    const limits = { limitSeconds: 10 }
    const { hostKey } = server
    const other = await makeKey(join(folder, 'other'))
    const flipped = hostKey.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    const strangers = [other, '', 'ssh-ed25519', hostKey.replace('ssh-ed25519', 'ssh-rsa'), `${hostKey.slice(0, -8)}`, flipped]
    for (const stranger of strangers) {
      await assert.rejects(connectSsh({ ...endpoint, hostKey: stranger }, limits), (error) => {
        assert.ok(error instanceof SshError)
        return /another host key/.test(error.message)
      })
    }
    await (await connectSsh({ ...endpoint, hostKey: `${hostKey} a comment` }, limits)).close()
    const privateKey = await readFile(join(folder, 'other'), 'utf8')
    await assert.rejects(connectSsh({ ...endpoint, login: { privateKey } }, limits), /authentication methods failed/)
    await assert.rejects(connectSsh({ ...endpoint, login: { privateKey: 'nonsense' } }, limits), SshError)
    await assert.rejects(connectSsh({ ...endpoint, port: 1 }, limits), /ECONNREFUSED/)
  })

  test('a file arrives whole, with its mode, in place of an older one', async () => {
    const connection = await connectSsh(endpoint, { limitSeconds: 20 })
    try {
      for (const size of [3_000_000, 0, 5]) {
        const bytes = randomBytes(size)
        await connection.put(join(folder, 'file'), bytes, 0o700)
        const found = await readFile(join(folder, 'file'))
        const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex')
        assert.equal(hash(found), hash(bytes))
      }
      assert.equal((await server.inside(`stat -c %a ${join(folder, 'file')}`)).trim(), '700')
      await assert.rejects(connection.put('/dev/full', randomBytes(10), 0o600), SshError)
      await assert.rejects(connection.put('/nonexistent/file', randomBytes(10), 0o600), /No such file/)
    } finally {
      await connection.close()
    }
    await assert.rejects(connection.put(join(folder, 'file'), randomBytes(1), 0o600), SshError)
    await assert.rejects(connection.exec(['true']), SshError)
  })

  test('a peer that is gone, silent or killed ends what is under way', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    try {
      const { port } = silent.address() as AddressInfo
      await assert.rejects(connectSsh({ ...endpoint, port }, { limitSeconds: 1 }), /the handshake took longer than 1 s/)
    } finally {
      silent.close()
    }
    const killed = await connectSsh(endpoint, { limitSeconds: 30 })
    const { channel } = await killed.exec(['cat'])
    const refused = assert.rejects(killed.put(join(folder, 'fifo'), randomBytes(50_000_000), 0o600), SshError)
    await server.inside("pkill -KILL -f '[s]shd(-session)?: root'")
    await refused
    assert.ok((await killed.ended).length > 0)
    channel.destroy()
    const stopped = await connectSsh(endpoint, { limitSeconds: 1 })
    await server.inside("pkill -STOP -f '[s]shd(-session)?: root'")
    await assert.rejects(stopped.put(join(folder, 'file'), randomBytes(10), 0o600), /took longer than 1 s/)
    await assert.rejects(stopped.exec(['true']), /took longer than 1 s/)
    await server.inside("pkill -CONT -f '[s]shd(-session)?: root'")
    await stopped.close()
    const abort = new AbortController()
    const aborted = await connectSsh(endpoint, { limitSeconds: 30, signal: abort.signal })
    abort.abort()
    assert.equal(await aborted.ended, 'interrupted')
    await assert.rejects(connectSsh(endpoint, { limitSeconds: 30, signal: abort.signal }), /interrupted/)
  })
}

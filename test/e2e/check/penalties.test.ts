/** A server that lets nobody in for a while: it is asked again with growing pauses, and named where that does not help. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Report } from '#domain/report/matrix.ts'
import { runCommand } from '#harness/support/process.ts'
import { newPlace, startCli, type Cli, type Place } from '#test/helpers/cli.ts'
import { writeFleet } from './fleet-config.ts'
import { makeKey, SSHD, startServer, type Server } from './sshd.ts'

const CASES = join(import.meta.dirname, 'cases')
let root = ''
let place: Place & { readonly remove: () => Promise<void> }
const servers: Server[] = []

/** A server with these lines of sshd_config, and the configuration that finds it as `db1`. */
async function startWith(name: string, lines: readonly string[]): Promise<Server & { readonly config: string }> {
  const folder = join(root, name)
  await mkdir(folder)
  const key = await makeKey(join(folder, 'key'))
  const server = await startServer(folder, key, { name: 'server', config: lines })
  servers.push(server)
  return { ...server, config: await writeFleet(folder, [{ name: 'db1', port: server.port, known: server.hostKey }]) }
}

function check(config: string, name: string): Cli {
  const words = ['--host', 'db1', '--ssh-config', config, '--catalogue', CASES, '--cases', 'unseen', '--json']
  return startCli({ ...place, state: join(place.folder, name) }, ['check', ...words, '--out', join(place.folder, name, 'out')])
}

/** Come with a key that the server does not know, so many times. */
async function failToAuthenticate(port: number, times: number): Promise<void> {
  const wrong = join(root, 'wrong')
  for (let n = 0; n < times; n += 1) {
    const options = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']
    const words = ['-F', 'none', '-p', String(port), '-i', wrong, ...options.flatMap((option) => ['-o', option])]
    assert.equal((await runCommand('ssh', [...words, 'root@127.0.0.1', 'true'], { anyExit: true })).exitCode, 255)
  }
}

async function hostOf(cli: Cli) {
  const { stdout, stderr, code } = await cli.ended
  const { hosts = [] } = JSON.parse(stdout) as Report
  return { ...hosts[0], stderr, code }
}

if (SSHD === null) test('servers that let nobody in', { skip: 'needs root and openssh-server' })
else {
  before(async () => {
    place = await newPlace()
    root = await mkdtemp(join(tmpdir(), 'penalties-'))
    await makeKey(join(root, 'wrong'))
  })
  after(async () => {
    await Promise.all(servers.map(({ stop }) => stop()))
    await place.remove()
    await rm(root, { recursive: true, force: true })
  })

  test('one with all its places taken (MaxStartups) is asked again, and answers when there is room', async () => {
    const { port, config } = await startWith('startups', ['MaxStartups 1'])
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'data')
    const cli = check(config, 'startups')
    const [said] = await cli.says(/db1: .*\n.*db1: asked again in \d+ s/)
    assert.match(said, /lets nobody in for a while \(PerSourcePenalties or MaxStartups\)/)
    socket.destroy()
    const { outcome, code, stderr } = await hostOf(cli)
    assert.deepEqual([outcome, code], ['checked', 0], stderr)
  })

  const later = { skip: SSHD.hasPenalties ? false : 'this sshd is older than 9.8, which has no penalties', concurrency: true }
  describe('an address with penalties', later, () => {
    test('gets in when they are over', async () => {
      const { config, port } = await startWith('short', [])
      await failToAuthenticate(port, 5)
      const cli = check(config, 'short')
      const { outcome, code, stderr } = await hostOf(cli)
      assert.match(stderr, /PerSourcePenalties/)
      assert.deepEqual([outcome, code], ['checked', 0], stderr)
    })

    test('is told so where they last', async () => {
      const { config, port } = await startWith('long', ['PerSourcePenalties authfail:300 min:1'])
      await failToAuthenticate(port, 1)
      const { outcome, message, code, stderr } = await hostOf(check(config, 'long'))
      assert.deepEqual([outcome, code], ['penalised', 3], stderr)
      assert.match(message ?? '', /PerSourcePenalties/)
      assert.equal(stderr.match(/asked again/g)?.length, 4, stderr)
    })
  })
}

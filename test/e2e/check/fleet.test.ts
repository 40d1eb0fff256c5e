/** Fifty machines at once, seven of them in trouble: each has an outcome of its own, holds nobody up, and keeps nothing. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Report } from '#domain/report/matrix.ts'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { startCli } from '#test/helpers/cli.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { writeFleet } from './fleet-config.ts'
import { makeKey, SSHD, startServer, type Server, type ServerOptions } from './sshd.ts'

const MACHINES = 50
const CASES = join(import.meta.dirname, 'cases')
let folder = ''
let config = ''
const servers = new Map<string, Server>()

const tmpfs = (paths: readonly string[], options: string): string =>
  paths.map((path) => `mkdir -p "${path}"; mount -t tmpfs -o '${options}' none "${path}"`).join('\n')
const EVERYWHERE = ['/tmp', '/var/tmp', '/dev/shm', '$HOME_FOLDER']

const SERVERS: Readonly<Record<string, Omit<ServerOptions, 'name'>>> = {
  good: {},
  refused: { config: ['AuthorizedKeysFile /nonexistent'] },
  changed: {},
  dropped: { config: ['ForceCommand (sleep 0.7; kill -9 $PPID) & exec sh -c "$SSH_ORIGINAL_COMMAND"'] },
  // Everything on it ends with its first process, as on a machine that reboots.
  rebooting: { config: ['ForceCommand (sleep 0.7; kill -TERM 1) & exec sh -c "$SSH_ORIGINAL_COMMAND"'] },
  hanging: { config: ['ForceCommand exec sleep 1000'] },
  full: { setup: tmpfs(EVERYWHERE, 'size=64k') },
  'read-only': { setup: tmpfs(EVERYWHERE, 'ro') },
  noexec: { setup: tmpfs(['/tmp'], 'noexec') },
  printing: { bashrc: 'echo Welcome to this machine; echo "KTAP version 1"; printf "no newline"' },
  banner: { config: ['Banner /etc/os-release'] },
}

/** What must come of each that is not good. */
const EXPECTED: Readonly<Record<string, readonly [outcome: string, message: RegExp]>> = {
  refused: ['not-authenticated', /Permission denied/],
  changed: ['host-key-changed', /Host key for changed has changed/],
  dropped: ['lost', /the connection was lost/],
  rebooting: ['lost', /the connection was lost/],
  hanging: ['timed-out', /silent for \d+ s/],
  full: ['no-place', /\/tmp: the disk is full/],
  'read-only': ['no-place', /\/tmp: cannot be written/],
  unknown: ['host-key-unknown', /host key is known for unknown/],
  absent: ['unreachable', /Connection refused/],
}

if (SSHD === null) test('fifty machines', { skip: 'needs root and openssh-server' })
else {
  before(async () => {
    folder = await mkdtemp(join(findWorkspace().cache, 'fleet-'))
    const key = await makeKey(join(folder, 'key'))
    const started = Object.entries(SERVERS).map(async ([name, options]) => {
      servers.set(name, await startServer(folder, key, { name, ...options }))
    })
    for (const one of await Promise.allSettled(started)) if (one.status === 'rejected') throw one.reason
    const other = await makeKey(join(folder, 'other'))
    const goodNames = Array.from({ length: MACHINES - Object.keys(EXPECTED).length - 3 }, (_, n) => `good${n + 1}`)
    const names = [...goodNames, ...Object.keys(EXPECTED), 'noexec', 'printing', 'banner']
    assert.equal(names.length, MACHINES)
    const serverOf = (name: string) => servers.get(name) ?? servers.get('good')
    const knownOf = (name: string): string | null => {
      if (name === 'unknown') return null
      return name === 'changed' ? other : (serverOf(name)?.hostKey ?? null)
    }
    config = await writeFleet(
      folder,
      names.map((name) => ({ name, port: name === 'absent' ? 1 : (serverOf(name)?.port ?? 1), known: knownOf(name) })),
    )
  })
  after(async () => {
    await Promise.all([...servers.values()].map(({ stop }) => stop()))
    await rm(folder, { recursive: true, force: true })
  })

  const programs = ({ inside }: Server): Promise<string> => inside('ls -l /proc/[0-9]*/exe 2>/dev/null | grep program')

  /** Where a session was killed, kwitness-check cleans up by itself when it finds that nobody reads. */
  async function nothingLeft(name: string, server: Server): Promise<void> {
    const names = '-name ".kwitness-*" -o -name "kwitness-??????"'
    const look = async () =>
      (await server.inside(`find /tmp /var/tmp /dev/shm -maxdepth 1 \\( ${names} \\)`)) + (await programs(server))
    for (let tries = 0; tries < 50 && (await look()) !== ''; tries += 1) continue
    assert.equal(await look(), '', `on ${name}`)
  }

  test('Ctrl-C in the middle ends it at once, and nothing is left on any', async () => {
    const own = { folder, cache: findWorkspace().cache, state: join(folder, 'interrupted'), out: join(folder, 'out') }
    const hosts = ['good1', 'good2', 'printing', 'hanging'].flatMap((name) => ['--host', name])
    const cli = startCli(own, ['check', ...hosts, '--ssh-config', config, '--catalogue', CASES, '--cases', 'overdue'])
    const good = servers.get('good')
    assert.ok(good)
    for (let tries = 0; (await programs(good)) === ''; tries += 1) assert.ok(tries < 1000, `no case ran: ${cli.said()}`)
    const started = performance.now()
    cli.kill('SIGINT')
    const { code, stdout, stderr } = await cli.ended
    assert.deepEqual([code, stdout], [130, ''], stderr)
    assert.ok(performance.now() - started < 10_000, 'the machine that hangs holds up nobody')
    for (const [name, server] of servers) await nothingLeft(name, server)
  })

  test('fifty machines, each with its own outcome, and nothing left on any', async (t) => {
    const args = ['check', '--inventory', config, '--ssh-config', config, '--catalogue', CASES, '--cases', 'seen,unseen,overdue']
    const more = ['--json', '--out', join(folder, 'out'), '--parallel', '16']
    const env = { KWITNESS_STATE: join(folder, 'state') }
    const started = performance.now()
    const { stdout, stderr, exitCode } = await runCommand(inRepository('kwitness'), [...args, ...more], { anyExit: true, env })
    const seconds = (performance.now() - started) / 1000
    assert.equal(exitCode, 1, stderr)
    const { hosts = [], cells } = JSON.parse(stdout) as Report
    assert.equal(hosts.length, MACHINES)
    const strange = hosts.flatMap(({ host, outcome, message, left }) => {
      const [expected, pattern] = EXPECTED[host] ?? ['checked', /^$/]
      return outcome === expected && pattern.test(message ?? '') && left.length === 0 ? [] : [{ host, outcome, message, left }]
    })
    assert.deepEqual(strange, [])
    const checked = hosts.filter(({ outcome }) => outcome === 'checked')
    for (const { kernel } of checked) {
      const own = cells.filter((cell) => cell.kernel === kernel).map((cell) => [cell.case, cell.verdict])
      assert.deepEqual(own, [
        ['overdue', 'error'],
        ['seen', 'lacks'],
        ['unseen', 'carries'],
      ])
    }
    for (const [name, server] of servers) await nothingLeft(name, server)
    t.diagnostic(`fifty machines took ${seconds.toFixed(1)} s`)
  })
}

/** A machine whose host key is not known: ssh asks on a terminal, and nobody is asked, and nothing sent, without one. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { newPlace, runCli, type Place } from '#test/helpers/cli.ts'
import { writeFleet } from './fleet-config.ts'
import { makeKey, SSHD, startServer, type Server } from './sshd.ts'

const CASES = join(import.meta.dirname, 'cases')
const QUESTION = /Are you sure you want to continue connecting/
let folder = ''
let key = ''
let other = ''
let server: Server
let place: Place & { readonly remove: () => Promise<void> }

/** A configuration of its own, in which the machine has this host key, or none. */
async function configOf(name: string, known: string | null): Promise<string> {
  const own = join(folder, name)
  await mkdir(own)
  await runCommand('cp', [join(folder, 'key'), own])
  return writeFleet(own, [{ name: 'db1', port: server.port, known }])
}

const words = (config: string): string[] => [
  'check',
  '--host',
  'db1',
  '--ssh-config',
  config,
  '--catalogue',
  CASES,
  '--cases',
  'unseen',
]

/** Run it on a terminal, and answer the question; the exit code, and all that was shown. */
async function onTerminal(config: string, answer: string, environment: NodeJS.ProcessEnv = {}) {
  const quoted = [inRepository('kwitness'), ...words(config), '--out', place.out].map((word) => `'${word}'`)
  const { CI: _, ...inherited } = process.env
  const env = { ...inherited, KWITNESS_CACHE: place.cache, KWITNESS_STATE: place.state, TERM: 'xterm', ...environment }
  const child = spawn('script', ['-qec', quoted.join(' '), '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  let shown = ''
  let isAnswered = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    if (isAnswered || !QUESTION.test(shown)) return
    isAnswered = true
    child.stdin.write(`${answer}\n`)
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, shown, isAnswered }
}

const knownIn = (config: string): Promise<string> => readFile(join(config, '..', 'known_hosts'), 'utf8')

if (SSHD === null) test('a host key that is not known', { skip: 'needs root and openssh-server' })
else {
  before(async () => {
    place = await newPlace()
    folder = await mkdtemp(join(tmpdir(), 'unknown-host-'))
    key = await makeKey(join(folder, 'key'))
    other = await makeKey(join(folder, 'other'))
    server = await startServer(folder, key, { name: 'server' })
  })
  after(async () => {
    await server?.stop()
    await place.remove()
    await rm(folder, { recursive: true, force: true })
  })

  test('on a terminal, yes lets it in and keeps its key', async () => {
    const config = await configOf('yes', null)
    const { code, shown, isAnswered } = await onTerminal(config, 'yes')
    assert.deepEqual([code, isAnswered], [0, true], shown)
    assert.match(shown, /SHA256:/)
    assert.ok((await knownIn(config)).includes(server.hostKey))
    // The next one needs no question.
    const next = await runCli(place, [...words(config), '--out', place.out])
    assert.equal(next.code, 0, next.stderr)
  })

  test('on a terminal, its fingerprint lets it in', async () => {
    const config = await configOf('fingerprint', null)
    const { stdout } = await runCommand('ssh-keygen', ['-lf', join(folder, 'server', 'host.pub')])
    const { code, shown } = await onTerminal(config, stdout.split(' ')[1] ?? '')
    assert.equal(code, 0, shown)
  })

  test('on a terminal, no refuses it', async () => {
    const config = await configOf('no', null)
    const { code, shown, isAnswered } = await onTerminal(config, 'no')
    assert.deepEqual([code, isAnswered], [3, true], shown)
    assert.match(shown, /host-key-unknown/)
    assert.equal(await knownIn(config), '')
  })

  test('without a terminal it is refused, and nothing is kept', async () => {
    const config = await configOf('without', null)
    const { code, stdout, stderr } = await runCli(place, [...words(config), '--out', place.out])
    assert.equal(code, 3, stderr)
    assert.match(stdout, /host-key-unknown/)
    assert.doesNotMatch(stderr, QUESTION)
    assert.equal(await knownIn(config), '')
  })

  test('a job of CI with a terminal is not asked', async () => {
    const config = await configOf('ci', null)
    const { code, shown, isAnswered } = await onTerminal(config, 'yes', { CI: 'true' })
    assert.deepEqual([code, isAnswered], [3, false], shown)
    assert.equal(await knownIn(config), '')
  })

  test('another key than the known one is refused without a question', async () => {
    const config = await configOf('changed', other)
    const { code, shown, isAnswered } = await onTerminal(config, 'yes')
    assert.deepEqual([code, isAnswered], [3, false], shown)
    assert.match(shown, /host-key-changed/)
    assert.doesNotMatch(await knownIn(config), new RegExp(server.hostKey.split(' ')[1]?.slice(-30).replaceAll('+', '\\+') ?? ''))
  })
}

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, suite, test } from 'node:test'
import { parseDependencies } from '#harness/host/dependencies.ts'
import type { Diagnosis } from '#cli/commands/doctor.ts'
import { runCommand } from '#harness/support/process.ts'
import { COMMANDS, copyTree, giveRuntime, linkCommand, standIn, start, type Tree } from '#test/helpers/trees/launcher.ts'

/**
 * Packages are looked for in a PATH that lacks them. apt-get and sudo are stand-ins here: the real ones would change the
 * machine that runs the tests.
 */
const isRoot = process.getuid?.() === 0
const rootless = isRoot ? false : 'needs root'
const asNobody = {
  prefix: isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [],
  env: { HOME: '/nonexistent', KWITNESS_STATE: join(tmpdir(), 'kwitness of nobody') },
}
/** A command that waits for the packages, then fails by itself and at once. */
const INSTALL = 'sudo apt-get update && sudo apt-get install -y --no-install-recommends qemu-system-x86'
const GUEST_COMMAND = ['run', '--no-such-option']

suite('the launcher where Debian packages are missing', () => {
  let tree: Tree
  let commands: string[]

  before(async () => {
    tree = await copyTree()
    await giveRuntime(tree)
    const dependencies = parseDependencies(await readFile(join(tree.root, 'harness', 'host', 'dependencies.txt'), 'utf8'))
    commands = dependencies
      .filter(({ what, scope }) => scope === 'guest' && !what.startsWith('/'))
      .map(({ what }) => what.split('|')[0] ?? '')
      .filter((command) => !COMMANDS.includes(command))
    await writeFile(join(tree.cache, 'calls'), '')
    await chmod(join(tree.cache, 'calls'), 0o666)
  })

  beforeEach(async () => {
    await Promise.all([...commands, 'sudo'].map((command) => rm(join(tree.bin, command), { force: true })))
    await writeFile(join(tree.cache, 'calls'), '')
  })

  after(() => tree.remove())

  /** An apt-get that fails to install before the lists were updated, like one on a fresh machine; then installs. */
  async function giveApt(): Promise<void> {
    const calls = `'${tree.cache}/calls'`
    const script = [
      'PATH=/usr/bin:/bin',
      'if [ "$1" = install ]; then',
      `grep -q update ${calls} || { echo 'E: Unable to locate package'; exit 100; }`,
      ...commands.map((command) => `[ -e '${tree.bin}/${command}' ] || cp /bin/true '${tree.bin}/${command}'`),
      'fi',
      `echo "$DEBIAN_FRONTEND $*" >>${calls}`,
    ]
    await standIn(tree, 'apt-get', script.join('\n'))
  }

  const calls = async () => (await readFile(join(tree.cache, 'calls'), 'utf8')).trim().split('\n')

  test('somebody without root gets the one line that installs them, and exit 3', async () => {
    await standIn(tree, 'apt-get', 'exit 1')
    const { exitCode, stdout, stderr } = await start(tree, GUEST_COMMAND, asNobody)
    assert.deepEqual({ exitCode, stdout }, { exitCode: 3, stdout: '' })
    assert.match(stderr, /packages are missing, and installing them needs root: qemu-system-x86 gcc .*xz-utils zstd/)
    assert.match(stderr, new RegExp(`\n  ${INSTALL} gcc `))
    assert.equal(stderr.split('\n').length, 2)
  })

  test('commands that need no guest do not ask for them, nor does help', async () => {
    for (const args of [['--version'], ['--help'], ['run', '--help'], ['help']]) {
      const { stderr } = await start(tree, args, asNobody)
      assert.doesNotMatch(stderr, /Debian/, args.join(' '))
    }
  })

  test('what builds kernels is asked for where kernels are built', async () => {
    const asked = async (...args: string[]) => / flex /.test((await start(tree, args, asNobody)).stderr)
    const built = [
      '--set-up',
      'controls',
      'run --kernels tree:debian-5.10',
      'run --kernels=tree-5.10-base-0',
      'kernels pull tree:/src',
    ]
    for (const words of built) assert.ok(await asked(...words.split(' ')), words)
    assert.equal(await asked('run', '--kernels', 'debian:6.1.*'), false)
  })

  test('the tests go on without them, and say so', async () => {
    await writeFile(join(tree.root, 'test', 'show.ts'), 'console.log(process.argv[2])\n')
    await chmod(join(tree.root, 'test', 'show.ts'), 0o644)
    const { exitCode, stdout, stderr } = await start(tree, ['--with-runtime', 'test/show.ts', 'a word'], asNobody)
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'a word' })
    assert.match(stderr, /qemu-system-x86 .*chromium\n.*\nkwitness: going on without them: what needs them will say so$/)
  })

  test('lint alone asks for none', async () => {
    await writeFile(join(tree.root, 'test', 'run.ts'), "console.log(process.argv.slice(2).join(' '))\n")
    for (const args of [['--only', 'lint'], ['--only=lint']]) {
      const { stdout, stderr } = await start(tree, ['--with-runtime', 'test/run.ts', ...args], asNobody)
      assert.deepEqual({ stdout, stderr }, { stdout: args.join(' '), stderr: '' })
    }
    const both = await start(tree, ['--with-runtime', 'test/run.ts', '--only', 'lint', '--only', 'harness'], asNobody)
    assert.match(both.stderr, /missing.*: qemu-system-x86 /)
  })

  test('doctor says what is missing, why it is needed, what installs it, and exits 3', async () => {
    const { exitCode, stdout, stderr } = await start(tree, ['doctor'], asNobody)
    assert.deepEqual({ exitCode, stderr }, { exitCode: 3, stderr: '' })
    assert.match(stdout, /MISSING +qemu-system-x86 +boots the kernels\n +qemu-system-x86_64 is not here/)
    assert.match(stdout, new RegExp(`This installs it:\n  ${INSTALL} `))
  })

  test('doctor names a folder that this user cannot write', async () => {
    const env = { ...asNobody.env, KWITNESS_STATE: '/proc/nothing' }
    const { exitCode, stdout } = await start(tree, ['doctor'], { ...asNobody, env })
    assert.equal(exitCode, 3)
    assert.match(stdout, /state +\/proc\/nothing CANNOT BE WRITTEN by this user: set KWITNESS_STATE/)
  })

  test('doctor --json says as data what the launcher finds missing', async () => {
    const { exitCode, stdout } = await start(tree, ['doctor', '--json'], asNobody)
    const { schema, dependencies, install } = JSON.parse(stdout) as Diagnosis
    assert.deepEqual({ exitCode, schema }, { exitCode: 3, schema: 'kwitness.doctor/1' })
    const missing = dependencies
      .filter(({ scope, path }) => scope === 'guest' && path === null)
      .map((dependency) => dependency.package)
    const { stderr } = await start(tree, GUEST_COMMAND, asNobody)
    assert.deepEqual(missing, /: (qemu-system-x86 .*)/.exec(stderr)?.[1]?.split(' '))
    assert.match(install.guest ?? '', new RegExp(`^${INSTALL} `))
  })

  test('root installs just the missing ones, and fetches the lists only when it must', { skip: rootless }, async () => {
    await giveApt()
    await standIn(tree, 'xz', '')
    const { exitCode, stderr } = await start(tree, GUEST_COMMAND)
    assert.equal(exitCode, 2, stderr)
    assert.match(stderr, /^kwitness: installing Debian packages: qemu-system-x86 gcc (?!.*xz-utils)/)
    const [update, install, ...more] = await calls()
    assert.deepEqual([update?.trim(), more], ['update', []])
    assert.match(install ?? '', /^noninteractive install -y --no-install-recommends qemu-system-x86 gcc (?!.*xz-utils)/)
    assert.doesNotMatch((await start(tree, GUEST_COMMAND)).stderr, /Debian/)
  })

  test('with sudo that asks for nothing it goes by sudo', async () => {
    await giveApt()
    const script = ['PATH=$PATH:/bin', '[ "$1" = -n ] || exit 1', 'shift', `echo "sudo $1" >>'${tree.cache}/calls'`, 'exec "$@"']
    await standIn(tree, 'sudo', script.join('\n'))
    const { stderr } = await start(tree, GUEST_COMMAND, asNobody)
    assert.match(stderr, /installing Debian packages: qemu-system-x86/)
    const bySudo = (await calls()).filter((call) => call.startsWith('sudo'))
    assert.deepEqual(bySudo, ['sudo true', 'sudo env', 'sudo apt-get', 'sudo env'])
  })

  test('another apt is waited for, and who it is is said', { skip: rootless }, async () => {
    for (const command of ['grep', 'sleep', 'tail']) {
      await rm(join(tree.bin, command), { force: true })
      await linkCommand(tree, command)
    }
    await giveApt()
    const apt = await readFile(join(tree.bin, 'apt-get'), 'utf8')
    const held = (what: string) => `Could not get lock /var/lib/${what}. It is held by process 7 (unattended-upgr)`
    const next = (count: number) => `echo ${count} >'${tree.cache}/tries'`
    const first = [
      `case $(cat '${tree.cache}/tries' 2>/dev/null) in`,
      `'') ${next(1)}; echo 'E: Unable to locate package'; exit 100 ;;`,
      `1) ${next(2)}; echo "E: ${held('apt/lists/lock')}"; exit 100 ;;`,
      // The launcher looks after 2 seconds; the lock is held until it has said so.
      `2) ${next(3)}; echo "Waiting for cache lock: ${held('dpkg/lock-frontend')}..."; read -r _ <'${tree.cache}/said' ;;`,
      'esac',
    ]
    await standIn(tree, 'apt-get', apt.replace('#!/bin/sh\n', '').replace('\n', `\n${first.join('\n')}\n`))
    await runCommand('mkfifo', [join(tree.cache, 'said')])
    const waiting = `waiting for another apt: ${held('dpkg/lock-frontend')}`
    const release = `case $line in *dpkg/lock-frontend*) echo >'${tree.cache}/said' ;; esac`
    const relay = `"$@" 2>&1 | while read -r line; do echo "$line"; ${release}; done`
    const { stdout } = await start(tree, GUEST_COMMAND, { prefix: ['/bin/sh', '-c', relay, 'sh'] })
    assert.match(stdout, /^kwitness: installing Debian packages: /)
    assert.ok(stdout.includes(`kwitness: waiting for another apt: ${held('apt/lists/lock')}\n`), stdout)
    assert.ok(stdout.includes(`kwitness: ${waiting}`), stdout)
    assert.match((await calls()).at(-1) ?? '', / -o DPkg::Lock::Timeout=\d+$/)
  })

  test('Ctrl-C while apt-get waits ends all of it, and the next start waits for nobody', { skip: rootless }, async () => {
    const held = 'Waiting for cache lock: Could not get lock /x. It is held by process 7 (apt)...'
    await standIn(tree, 'apt-get', `echo "${held}"; exec /bin/sleep 600`)
    const env = { HOME: process.env['HOME'], KWITNESS_CACHE: tree.cache, PATH: tree.bin }
    const child = spawn(join(tree.root, 'kwitness'), GUEST_COMMAND, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
    for await (const text of child.stderr) if (String(text).includes('waiting for another apt')) break
    process.kill(-(child.pid ?? 0), 'SIGINT')
    const [code, signal] = await once(child, 'exit')
    assert.ok(signal === 'SIGINT' || code === 130)
    // What is in the background would hold it until it looks again whether the launcher is there, after 20 s.
    await runCommand('flock', ['--wait', '10', tree.cache, 'true'])
    await standIn(tree, 'apt-get', 'exit 1')
    assert.doesNotMatch((await start(tree, GUEST_COMMAND)).stderr, /waiting/)
  })

  test('an apt-get that fails: the end of its log, the line to try by hand, exit 3', { skip: rootless }, async () => {
    await standIn(tree, 'apt-get', 'echo "E: no space left"; exit 100')
    const { exitCode, stderr } = await start(tree, GUEST_COMMAND)
    assert.equal(exitCode, 3)
    assert.match(stderr, /E: no space left\nkwitness: apt-get could not install them, its whole log is .*apt\.log\n/)
    assert.match(stderr, /\n {2}apt-get update && apt-get install .* qemu-system-x86/)
  })
})

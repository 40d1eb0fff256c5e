/** The launcher where commands of every Debian are missing, streams are closed, or another start is at work. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, suite, test } from 'node:test'
import { startProcess } from '#harness/support/process.ts'
import { copyTree, giveRuntime, linkCommand, standIn, start, type Tree } from '#test/helpers/trees/launcher.ts'

/** Commands that one test or another takes away. */
const OF_EVERY_DEBIAN = ['flock', 'cmp', 'mkdir', 'du', 'setpriv', 'uname']

suite('the launcher in a poor environment', () => {
  let tree: Tree
  const bin = (command: string) => join(tree.bin, command)

  before(async () => {
    tree = await copyTree()
    await giveRuntime(tree)
  })
  beforeEach(async () => {
    for (const command of [...OF_EVERY_DEBIAN, 'npm']) await rm(bin(command), { force: true })
    await Promise.all(OF_EVERY_DEBIAN.map((command) => linkCommand(tree, command)))
  })
  after(() => tree.remove())

  /** Without the Node that this machine has: it must be brought. */
  const env = () => ({ KWITNESS_CACHE: join(tree.cache, 'new') })

  test('without cmp or flock it says so, with the package that has it', async () => {
    await rm(bin('cmp'))
    const cmp = await start(tree, ['--version'])
    assert.deepEqual([cmp.exitCode, cmp.stdout], [3, ''])
    assert.match(cmp.stderr, /^kwitness: cmp is not here, and .*\n {2}install it: apt-get install diffutils$/)
    await linkCommand(tree, 'cmp')
    await rm(bin('flock'))
    assert.deepEqual((await start(tree, ['--version'])).exitCode, 0, 'nothing is locked where nothing is set up')
    const flock = await start(tree, ['--version'], { env: env() })
    assert.deepEqual([flock.exitCode, flock.stdout], [3, ''])
    assert.match(flock.stderr, /^kwitness: flock is not here, and .*\n {2}install it: apt-get install util-linux$/)
  })

  test('without mkdir or uname it names them, and not the cache or the machine', async () => {
    for (const command of ['mkdir', 'uname']) {
      await rm(bin(command))
      const { exitCode, stderr } = await start(tree, ['--version'], {
        env: { KWITNESS_CACHE: join(tree.cache, `no-${command}`) },
      })
      assert.equal(exitCode, 3)
      assert.match(stderr, new RegExp(`^kwitness: ${command} is not here, and .*\n {2}install it: apt-get install coreutils$`))
      await linkCommand(tree, command)
    }
  })

  test('doctor with Node names the commands of every Debian that are missing', async () => {
    for (const command of ['flock', 'du', 'setpriv']) await rm(bin(command))
    const { exitCode, stdout } = await start(tree, ['doctor'])
    assert.equal(exitCode, 3)
    for (const [command, name] of [
      ['flock', 'util-linux'],
      ['du', 'coreutils'],
      ['setpriv', 'util-linux'],
    ]) {
      assert.match(stdout, new RegExp(`MISSING +${name} .*\n +${command} is not here`))
    }
    assert.match(stdout, /cache +\S.*: unknown used, /)
  })

  test('doctor says without Node what the launcher can tell', async () => {
    await rm(bin('flock'))
    const { exitCode, stdout, stderr } = await start(tree, ['doctor'], { env: env() })
    assert.equal(exitCode, 3)
    assert.match(stderr, /flock is not here/)
    assert.match(stdout, / {2}MISSING {2}Node 24 +runs kwitness\n {2}MISSING {2}npm /)
    assert.match(stdout, / {2}MISSING {2}util-linux +contains flock,/)
    assert.match(stdout, / {2}found {4}diffutils +contains cmp,/)
    assert.match(stdout, / {2}MISSING {2}qemu-system-x86 +boots the kernels\n/)
    assert.match(stdout, /apt-get install -y --no-install-recommends npm util-linux (?:tar )?qemu-system-x86 gcc /)
    const json = await start(tree, ['doctor', '--json'], { env: env() })
    assert.deepEqual([json.exitCode, json.stdout], [3, ''])
    assert.match(json.stderr, /MISSING {2}Node 24/)
    const nowhere = await start(tree, ['doctor'], { env: { KWITNESS_CACHE: '/proc/nowhere' } })
    assert.match(nowhere.stdout, /cache +\/proc\/nowhere CANNOT BE WRITTEN/)
  })

  test('who waits for another start is told after 2 s who holds the lock', async () => {
    await standIn(tree, 'npm', 'exit 1')
    const cache = join(tree.cache, 'new')
    const note = 'echo \'process 7 holds it, since noon: node\' >"$1/set-up-node"'
    const script = `mkdir -p "$1"; exec 9<"$1"; flock 9; ${note}; echo; exec cat`
    const holder = startProcess('sh', ['-c', script, 'sh', cache], { stdin: 'pipe', stdout: 'pipe' })
    assert.ok(holder.stdout && holder.stdin)
    await once(holder.stdout, 'data')
    const relay = '"$@" 2>&1 | { read -r line; echo "$line"; kill "$0"; while read -r line; do echo "$line"; done; }'
    const { stdout } = await start(tree, ['--version'], { env: env(), prefix: ['/bin/sh', '-c', relay, String(holder.pid)] })
    await holder
    const [first = ''] = stdout.split('\n')
    assert.equal(first, 'kwitness: waiting for another start to finish the set-up: process 7 holds it, since noon: node')
    assert.match(stdout, /\nkwitness: npm could not bring Node 24\n/)
    await rm(cache, { recursive: true })
  })

  test('closed streams: stdout is refused, stderr and stdin are not missed', async () => {
    const closed = (redirection: string) => start(tree, ['--version'], { prefix: ['/bin/sh', '-c', `"$@" ${redirection}`, 'sh'] })
    const { exitCode, stderr } = await closed('>&-')
    assert.equal(exitCode, 3)
    assert.match(stderr, /^kwitness: standard output is closed\n/)
    for (const redirection of ['2>&-', '<&-', '<&- 2>&-']) {
      assert.match((await closed(redirection)).stdout, /^\d+\.\d+\.\d+/, redirection)
    }
  })

  test('a reader of stderr that leaves does not end it', async () => {
    await standIn(tree, 'npm', 'exit 1')
    const words = { ...env(), PATH: tree.bin }
    const child = spawn(join(tree.root, 'kwitness'), ['--version'], { env: words, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stderr.destroy()
    const [code, signal] = await once(child, 'exit')
    assert.deepEqual([code, signal], [3, null])
  })

  test('a limit on open files that Node does not survive is said', async () => {
    const { exitCode, stderr } = await start(tree, ['--version'], { prefix: ['/bin/sh', '-c', 'ulimit -n 20; exec "$@"', 'sh'] })
    assert.equal(exitCode, 3)
    assert.match(stderr, /^kwitness: only 20 files may be open at a time, .*\n {2}allow more: ulimit -n 4096$/)
  })

  test('a lock that flock cannot take is no wait for ever', async () => {
    await standIn(tree, 'flock', 'echo "flock: 9: No locks available" >&2; exit 71')
    const { exitCode, stderr } = await start(tree, ['--version'], { env: env() })
    assert.equal(exitCode, 3)
    assert.match(stderr, /No locks available\nkwitness: flock cannot lock .*new\n {2}see its message above$/)
  })
})

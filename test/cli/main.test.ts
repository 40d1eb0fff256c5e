/** How the command line ends: what it says and exits with when something fails that nobody asked for. */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { makeFolder } from '#harness/support/workspace.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'

interface Options {
  /** Where standard output goes: a file, or nobody who reads. */
  readonly stdout?: string | 'closed'
  readonly stderr?: 'closed'
  /** A module that is loaded before the command line, to break something. */
  readonly before?: string
  /** Words before Node, such as prlimit with its options. */
  readonly prefix?: readonly string[]
  /** Folder of the cache, else one of its own. */
  readonly cache?: string
}

/** Run the command line and give all it left. */
async function run(t: TestContext, args: readonly string[], options: Options = {}) {
  const folder = await temporaryFolder(t)
  const env = { ...process.env, KWITNESS_CACHE: options.cache ?? join(folder, 'cache'), KWITNESS_STATE: folder }
  const load = options.before === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(options.before)}`]
  const own = [process.execPath, '--disable-warning=ExperimentalWarning', ...load, inRepository('src/cli/main.ts'), ...args]
  const [command = '', ...words] = [...(options.prefix ?? []), ...own]
  const file = options.stdout === undefined || options.stdout === 'closed' ? null : openSync(options.stdout, 'w')
  const stdio: StdioOptions = ['pipe', file ?? 'pipe', 'pipe']
  const child = spawn(command, words, { env, stdio })
  if (file !== null) closeSync(file)
  if (options.stdout === 'closed') child.stdout?.destroy()
  if (options.stderr === 'closed') child.stderr?.destroy()
  const [out, err, [code]] = await Promise.all([
    child.stdout?.destroyed === false ? text(child.stdout) : '',
    child.stderr?.destroyed === false ? text(child.stderr) : '',
    once(child, 'exit'),
  ])
  return { code, out, err, folder }
}

const FULL = /^kwitness: cannot write standard output: ENOSPC\n {2}\S[^\n]*\n$/

test('standard output on a full disk is exit 3, for data and for help', async (t) => {
  for (const args of [['cases', '--json'], ['--help']]) {
    const { code, err } = await run(t, args, { stdout: '/dev/full' })
    assert.equal(code, 3, args.join(' '))
    assert.match(err, FULL)
  }
})

test('a reader that leaves has seen enough of a text, and not all of the data', async (t) => {
  const people = await run(t, ['cases'], { stdout: 'closed' })
  assert.deepEqual([people.code, people.err], [0, ''])
  const data = await run(t, ['cases', '--json'], { stdout: 'closed' })
  assert.equal(data.code, 3)
  assert.match(data.err, /^kwitness: cannot write standard output: its reader left before the end\n/)
})

test('nobody who reads stderr does not end a command', async (t) => {
  const log = join(await temporaryFolder(t), 'log')
  await writeFile(log, '')
  const { code, out } = await run(t, ['read', '--json', log], { stderr: 'closed' })
  assert.equal(code, 2)
  assert.equal(JSON.parse(out).schema, 'kwitness.log.1')
})

/** What breaks, and how the message goes on. */
const MISTAKES: readonly (readonly [what: string, before: string, args: readonly string[], said: RegExp])[] = [
  ['in a command', 'Array.prototype.toSorted = () => { throw new TypeError("one\\ntwo") }', ['cases'], /one/],
  ['in an event', 'setTimeout(() => { throw new RangeError("late") }, 1000)', ['read', '-'], /late/],
  ['in work nobody waits for', 'setTimeout(() => Promise.reject("lost"), 1000)', ['read', '-'], /lost/],
  [
    'in a package',
    'import { registerHooks } from "node:module"; registerHooks({ resolve(name, context, next) {' +
      ' if (name.startsWith("@commander")) throw new Error("gone"); return next(name, context) } })',
    ['cases'],
    /gone/,
  ],
]

test('a mistake of kwitness is exit 3, with one sentence and the path of a trace', async (t) => {
  const all = MISTAKES.map(async ([what, before, args, said]) => {
    const { code, out, err, folder } = await run(t, args, { before })
    assert.deepEqual([code, out], [3, ''], `${what}: ${err}`)
    const [, message = '', file = ''] = /^kwitness: ([^\n]*)\n {2}report it with its trace: (\S+)\n$/.exec(err) ?? []
    assert.match(message, said, `${what}: ${err}`)
    assert.ok(file.startsWith(join(folder, 'traces')), err)
    assert.match(readFileSync(file, 'utf8'), new RegExp(`^kwitness ${JSON.stringify(args[0])}[^]*${said.source}`))
  })
  await Promise.all(all)
})

test('a mistake in bisect-step is no answer to git bisect', async (t) => {
  const before = 'Array.prototype.flatMap = () => { throw new TypeError("oops") }'
  const { code, err } = await run(t, ['bisect-step', '--cases', 'gup-fast-vs-fork'], { before })
  assert.equal(code, 129, err)
  assert.match(err, /oops\n {2}report it/)
})

test('a trace that no folder takes is printed', async (t) => {
  const [, before = '', args = []] = MISTAKES[0] ?? []
  const imports = 'import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module";'
  const block = 'fs.writeFileSync = () => { throw new Error("no") }; syncBuiltinESMExports();'
  const { code, err } = await run(t, args, { before: `${imports}${block}${before}` })
  assert.equal(code, 3)
  assert.match(err, /^kwitness: [^\n]*one\n {2}report it with this trace[^\n]*\nkwitness "cases"\n[^]*TypeError: one\ntwo\n/)
})

test('want of open files is exit 3 and says so, and hides nothing that is in the cache', async (t) => {
  const cache = await temporaryFolder(t)
  for (let index = 0; index < 60; index += 1) {
    const entry = join(cache, 'kernels', `file-6.1.1-${index}@0123456789ab`)
    await makeFolder(entry)
    await writeFile(join(entry, 'manifest.json'), '{}')
  }
  const ask = (prefix: readonly string[]) => run(t, ['kernels', 'list', 'file-6.1.1-0'], { cache, prefix })
  const [enough, few] = [await ask([]), await ask(['prlimit', '--nofile=24'])]
  assert.equal(enough.code, 2)
  assert.match(enough.err, /is not in the cache/)
  assert.equal(few.code, 3)
  assert.match(few.err, /^kwitness: [^\n]*EMFILE[^\n]*\n {2}allow more open files: ulimit -n \d+\n$/)
})

test('a limit on the size of files is an error where it is met, not the silent end of the process', async (t) => {
  const file = JSON.stringify(join(await temporaryFolder(t), 'file'))
  const script = `import { writeFileSync } from 'node:fs'
    import { startProcess } from '#harness/support/process.ts'
    import { watchStreams } from '#cli/output/streams.ts'
    watchStreams()
    const child = startProcess('cat', [], { stdin: 'pipe' })
    try { writeFileSync(${file}, 'x') } catch ({ code }) { console.log(code) }
    setImmediate(() => child.stdin.end())
    await child`
  const args = ['--fsize=0', process.execPath, '--input-type=module', '--eval', script]
  // What Node compiled for the first time it would write at its end, past the limit.
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  const { status, stdout } = spawnSync('prlimit', args, { cwd: inRepository(), encoding: 'utf8', env })
  assert.deepEqual([status, stdout], [0, 'EFBIG\n'])
})

/** kwitness-check on this machine: what it says of cases, what it refuses, and that it leaves nothing, whatever ends it. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CheckReader, readCheckStream } from '#console/check/stream.ts'
import { readTests } from '#console/ktap/reader.ts'
import { buildCheckProgram } from '#harness/image/check-program.ts'
import { runCommand } from '#harness/support/process.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { readCatalogue } from '#run/prepare/catalogue.ts'
import { processesOf, takeInventory } from './inventory.ts'

let folder = ''
let program = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-test-'))
  program = join(folder, 'kwitness-check')
  const cases = await readCatalogue(join(import.meta.dirname, 'cases'))
  await copyFile((await buildCheckProgram(findWorkspace().cache, cases)).path, program)
})

after(() => rm(folder, { recursive: true, force: true }))

const isRoot = process.getuid?.() === 0
const asRoot = { skip: isRoot ? false : 'needs root' }

async function check(args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runCommand(program, args, { anyExit: true, bytes: true, timeoutMs: 60_000 })
  const text = Buffer.from(stdout, 'latin1')
  return { exitCode, stderr, text, stream: readCheckStream(text) }
}

const caseOf = ({ stream }: Awaited<ReturnType<typeof check>>, id: string) => {
  const found = stream.cases.find((one) => one.id === id)
  assert.ok(found, `${id} is in the stream`)
  return found
}

test('each ending of a case is told, and the stream is KTAP', async () => {
  const all = await check(['--cases', 'seen,unseen,fails,overdue,needs-*,destroys', '--seed', '77'])
  assert.equal(all.exitCode, 3, all.stderr)
  assert.deepEqual([all.stream.isComplete, all.stream.problem, all.stream.planned], [true, null, 6])
  assert.match(caseOf(all, 'seen').output.toString(), /^KTAP version 1\n1\.\.1\n# seed 77\nnot ok 1 the bug is here\n/)
  assert.deepEqual([caseOf(all, 'seen').ending.code, caseOf(all, 'unseen').ending.code], [1, 0])
  assert.equal(caseOf(all, 'fails').ending.signal, 9)
  const { timedOut, signal, seconds } = caseOf(all, 'overdue').ending
  assert.deepEqual([timedOut, signal], [true, 9])
  assert.ok(seconds >= 1 && seconds < 5, `${seconds} s`)
  assert.match(caseOf(all, 'needs-module').output.toString(), /SKIP needs a module that is not loaded.*no_such_module/)
  assert.match(caseOf(all, 'destroys').output.toString(), /SKIP destructive/)
  assert.doesNotMatch(all.text.toString(), /which was allowed/)
  const { documents, problems } = readTests(all.text)
  assert.deepEqual(problems, [])
  const points = documents[0]?.points.map(({ name, status }) => [name, status])
  assert.deepEqual(points, [
    ['destroys', 'skip'],
    ['fails', 'error'],
    ['needs-module', 'skip'],
    ['overdue', 'timeout'],
    ['seen', 'fail'],
    ['unseen', 'pass'],
  ])
})

test('exit statuses say whether a bug was seen, and a destructive case runs only where that is allowed', async () => {
  assert.equal((await check(['--cases', 'unseen'])).exitCode, 0)
  assert.equal((await check(['--cases', 'seen,unseen'])).exitCode, 1)
  assert.equal((await check(['--cases', 'destroys'])).exitCode, 0)
  const allowed = await check(['--cases', 'destroys', '--allow-destructive'])
  assert.equal(allowed.exitCode, 1)
  assert.match(allowed.text.toString(), /it ran, which was allowed/)
  for (const args of [['--cases', 'no-such-case'], ['--cases', ''], ['--nonsense'], ['more']]) {
    const { exitCode, stderr, text } = await check(args)
    assert.deepEqual([exitCode, text.length], [2, 0], args.join(' '))
    assert.match(stderr, /usage|no case matches/)
  }
})

test('a case cannot forge what kwitness-check says, nor flood its reader', async () => {
  const forged = await check(['--cases', 'forges,unseen'])
  assert.deepEqual([forged.stream.isComplete, forged.stream.problem, forged.stream.cases.length], [true, null, 2])
  const { output, ending } = caseOf(forged, 'forges')
  assert.equal(ending.code, 1)
  assert.ok(output.includes(Buffer.from(Array.from({ length: 245 }, (_, n) => n + 11))), 'every byte is there')
  assert.ok(output.toString('latin1').endsWith('\n# no newline at the end'))
  const flooded = caseOf(await check(['--cases', 'floods']), 'floods')
  assert.equal(flooded.ending.code, 0)
  assert.ok(flooded.output.length <= 300_000, `${flooded.output.length} bytes are kept`)
  assert.ok(flooded.output.length + flooded.droppedBytes >= 100_000_000, `${flooded.droppedBytes} bytes are counted as dropped`)
})

/** Start the case that changes everything, and wait until it has. */
async function startLeaving(args: readonly string[] = [], stdin: 'ignore' | 'pipe' = 'ignore') {
  const child = spawn(program, ['--cases', 'leaves,seen', ...args], { stdio: [stdin, 'pipe', 'inherit'] })
  let text = ''
  const output = child.stdout
  assert.ok(output)
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  await new Promise<void>((resolve) =>
    output.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.includes('everything is changed')) resolve()
    }),
  )
  return { child, ended, closed: new Promise((resolve) => child.on('close', resolve)), text: () => text }
}

const guardOf = async ({ pid }: ChildProcess): Promise<number> => {
  const { stdout } = await runCommand('ps', ['-o', 'pid=', '--ppid', String(pid)])
  return Number(stdout.trim())
}

/** Ways to end it, each with whether its front lives long enough to give a status. */
const ENDS: Readonly<Record<string, (child: ChildProcess) => Promise<unknown> | unknown>> = {
  'kill -9 of the front': (child) => child.kill('SIGKILL'),
  'kill -9 of the guard': async (child) => process.kill(await guardOf(child), 'SIGKILL'),
  SIGTERM: (child) => child.kill('SIGTERM'),
  SIGINT: (child) => child.kill('SIGINT'),
  'the end of its standard input': (child) => child.stdin?.end(),
  'a reader that leaves': (child) => child.stdout?.destroy(),
}

for (const [name, end] of Object.entries(ENDS)) {
  test(`nothing is left after ${name}`, asRoot, async () => {
    const inventory = await takeInventory(program)
    const isLifeline = name.includes('standard input')
    const run = await startLeaving(isLifeline ? ['--lifeline'] : [], isLifeline ? 'pipe' : 'ignore')
    assert.match(run.text(), /setting: done/)
    const during = await takeInventory(program)
    assert.notDeepEqual(during, inventory, 'the case changed something')
    await end(run.child)
    const status = await run.ended
    // Where the front was killed, the end of the guard closes the output.
    await run.closed
    while ((await processesOf(program)).length > 0) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(await takeInventory(program), inventory)
    assert.notEqual(status, 0)
    assert.doesNotMatch(run.text(), /ok \d seen/, 'no case is started after it')
  })
}

test('nothing is left after a case that goes over its time', asRoot, async () => {
  const inventory = await takeInventory(program)
  const { stream, exitCode } = await check(['--cases', 'overdue'])
  assert.deepEqual([exitCode, stream.isComplete], [3, true])
  assert.deepEqual(await takeInventory(program), inventory)
})

test('it runs in a bare chroot, with /proc and without, and leaves the folder as it was', asRoot, async () => {
  const root = join(folder, 'root')
  await mkdir(root)
  await mkdir(join(root, 'proc'))
  await copyFile(program, join(root, 'kwitness-check'))
  const script = (mount: string) => `${mount} exec chroot "$1" /kwitness-check --cases seen,needs-module`
  const run = (mount: string) =>
    runCommand('unshare', ['--mount', 'sh', '-c', script(mount), 'sh', root], { anyExit: true, timeoutMs: 30_000 })
  const withProc = await run('mount -t proc proc "$1/proc" &&')
  assert.equal(withProc.exitCode, 1, withProc.stderr)
  const reader = new CheckReader()
  reader.push(Buffer.from(`${withProc.stdout}\n`))
  assert.deepEqual([reader.result().cases.length, reader.result().isComplete], [2, true])
  const without = await run('')
  assert.equal(without.exitCode, 0, without.stderr)
  assert.match(without.stdout, /SKIP needs \/proc, which is not mounted here/)
  const { stdout } = await runCommand('find', [root, '-mindepth', '1'])
  assert.deepEqual(stdout.split('\n').toSorted(), [join(root, 'kwitness-check'), join(root, 'proc')])
})

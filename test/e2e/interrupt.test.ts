/** A run that is stopped, politely or not, loses nothing that was finished, leaves no QEMU, and can be gone on with. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import {
  attemptsOf,
  fetchKernels,
  kernelWords,
  newPlace,
  qemus,
  readReport,
  runCli,
  runReport,
  startCli,
  until,
  type Cli,
  type Ended,
  type Kernels,
  type Place,
} from '../helpers/cli.ts'
import { assertNoneIsLost, guestsOf, matrixOf, nextWords, storedBy } from '../helpers/killed.ts'

const SEED = '7'
/** Deterministic ones: each run of these tests is short. */
const CASES = 'uffd-copy-vs-fork,uffd-e*,uffd-f*,uffd-l*,uffd-m*,uffd-w*'
/** Cases of our own: one of them would be waited for for an hour. */
const OWN_CASES = join(import.meta.dirname, 'cases')

/** Guests and host facts of its own, so that a kill can hit a boot too. */
const place = await newPlace('guests')
let kernels: Kernels
let request: readonly string[]
let words: readonly string[]

before(async () => {
  kernels = await fetchKernels()
  request = [...kernelWords(kernels.v510, kernels.newest), '--cases', CASES, '--seed', SEED]
  words = ['run', ...request, '--json', '--out', place.out]
})
after(() => place.remove())

const at = (name: string): Place => ({ ...place, state: join(place.folder, name) })

/** So many attempts are stored. */
const attempts = (count: number): RegExp => new RegExp(`(?:: \\S+ \\([\\d.]+ s\\)[^]*){${count}}`)

async function stop(cli: Cli): Promise<Ended> {
  cli.kill('SIGINT')
  const ended = await cli.ended
  assert.equal(ended.code, 130, ended.stderr)
  assert.deepEqual(guestsOf(cli.pid), [])
  return ended
}

test('Ctrl-C in the first boot of all: it stops at once', async () => {
  const cli = startCli(at('first-boot'), words)
  await until('a guest to boot', () => guestsOf(cli.pid).length > 0 || qemus(({ parent }) => parent === cli.pid).length > 0)
  await stop(cli)
  assert.deepEqual(
    qemus(({ parent }) => parent === cli.pid),
    [],
  )
})

test('Ctrl-C in a case that would go on for an hour: it is not waited for, and nothing of it is kept', async () => {
  const own = at('waiting')
  const waits = [...kernelWords(kernels.v510), '--catalogue', OWN_CASES, '--cases', 'waits']
  const cli = startCli(own, ['run', ...waits, '--json', '--out', own.out])
  let over = false
  void cli.ended.then(() => (over = true))
  const found = await until('the case to be under way', () => over || attemptsOf(cli.pid).length > 0)
  assert.ok(found && !over, cli.said())
  const { stderr } = await stop(cli)
  assert.deepEqual(storedBy(stderr), [])
  assert.match(stderr, /kwitness run --resume \S+ goes on/)
})

test('Ctrl-C in the middle of a run: it stops at once, says how to go on, and going on ends with the same matrix', async () => {
  const whole = await runReport(at('whole'), request)
  assert.equal(whole.code, 0, whole.stderr)

  /* One after the other, so that most are still to come, however late this process hears of the third. */
  const cli = startCli(at('stopped'), [...words, '--cores', '1'])
  await cli.says(attempts(3))
  const stopped = await stop(cli)
  const [, run = ''] = /kwitness run --resume (\S+) goes on/.exec(stopped.stderr) ?? []
  assert.match((await runCli(at('stopped'), ['runs'])).stdout, new RegExp(`^${run} .*can be resumed +kwitness run `, 'm'))

  const resumed = await runCli(at('stopped'), ['run', '--resume', run, '--json'])
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.ok(
    resumed.stderr.includes(`report: ${join(place.out, 'index.html')}\n`),
    'the folder for the report is kept with the run',
  )
  const report = readReport(resumed)
  assert.deepEqual(matrixOf(report), matrixOf(whole.report))
  const stored = storedBy(stopped.stderr)
  assert.ok(stored.length >= 3 && stored.length < report.cells.length, `${stored.length} were stored before it was stopped`)
  assertNoneIsLost([...stored, ...storedBy(resumed.stderr)], report)
})

test('kill -9 at any moment: no guest is left, nothing stored is lost, and going on ends with the same matrix', async (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const there = await newPlace('guests')
  t.after(there.remove)
  const pids: number[] = []
  const stored: string[] = []
  for (const [lines, milliseconds] of fc.sample(fc.tuple(fc.nat(2), fc.nat(700)), { seed, numRuns: 3 })) {
    const args = await nextWords(there, words)
    if (args === null) break
    const cli = startCli(there, args)
    const ended = cli.ended.then(() => true)
    /* The first falls into the boots, the others wait for some attempts; then any moment will do. */
    const enough = pids.length === 0 ? /plan:/ : attempts(lines)
    await Promise.race([cli.says(enough).catch(() => null), ended])
    await Promise.race([new Promise((resolve) => setTimeout(resolve, milliseconds)), ended])
    cli.kill('SIGKILL')
    pids.push(cli.pid)
    stored.push(...storedBy((await cli.ended).stderr))
    await until('the guests of a killed kwitness to go', () => guestsOf(cli.pid).length === 0)
  }
  const last = await runCli(there, (await nextWords(there, words)) ?? ['report', '--json'])
  assert.equal(last.code, 0, last.stderr)
  const report = readReport(last)
  assert.deepEqual(matrixOf(report), matrixOf(readReport(await runCli(at('whole'), ['report', '--json']))))
  assertNoneIsLost([...stored, ...storedBy(last.stderr)], report)
  const left = (await readdir(join(there.cache, 'scratch'))).filter((name) => pids.some((pid) => name.startsWith(`${pid}-`)))
  assert.deepEqual(left, [], 'what the killed ones left on the disk is taken away')
})

/** A stored attempt once more: in the very guest, with the very program, or a refusal; and the run stays as it is. */
import assert from 'node:assert/strict'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import type { Replay } from '#analysis/replay.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { Report } from '#domain/report/matrix.ts'
import { fetchKernels, kernelWords, newPlace, readReport, runCli, runReport, type Ended } from '../helpers/cli.ts'

const place = await newPlace('guests')
const catalogue = join(place.folder, 'catalogue')
const source = join(catalogue, 'stays', 'repro.c')
const logs = join(place.folder, 'logs')
/** So many equal ones have a probability below 0.0000002 %. */
const MAX_TOSSES = 30
let kernel: string
let report: Report

async function replay(cell: string, ...words: readonly string[]): Promise<Ended & { readonly replay: Replay | null }> {
  const ended = await runCli(place, ['replay', `${kernel}/${cell}`, '--json', '--out', logs, ...words])
  return { ...ended, replay: ended.stdout === '' ? null : JSON.parse(ended.stdout) }
}

async function evidenceIn(folder: string): Promise<Evidence> {
  return JSON.parse(await readFile(join(folder, 'evidence.json'), 'utf8'))
}

/** The job as it is stored. */
async function storedJob(cell: string): Promise<Evidence['job']> {
  const [attempt] = report.cells.find((one) => one.case === cell)?.attempts ?? []
  return (await evidenceIn(join(place.state, 'evidence', report.run.id, attempt?.id ?? ''))).job
}

before(async () => {
  kernel = (await fetchKernels()).v61
  await cp(inRepository('test', 'e2e', 'replays', 'tosses'), join(catalogue, 'tosses'), { recursive: true })
  await cp(inRepository('c-tests', '_template'), join(catalogue, 'stays'), { recursive: true })
  // Programs of its own instead of the link to those of this machine: one is taken out.
  await rm(join(place.cache, 'programs'))
  const ran = await runReport(place, [...kernelWords(kernel), '--catalogue', catalogue, '--seed', '7'])
  assert.equal(ran.code, 0, ran.stderr)
  report = ran.report
})
after(() => place.remove())

test('the same job in the very same guest: the same outcome, the same bytes, and the run stays as it is', async () => {
  const attempts = join(place.state, 'evidence', report.run.id)
  const names = await readdir(attempts)
  const { code, replay: told, stderr } = await replay('stays')
  assert.equal(code, 0, stderr)
  assert.deepEqual([told?.guest, told?.sameOutcome, told?.output], ['same-state', true, { kind: 'identical' }])
  assert.deepEqual([told?.stored.outcome, told?.replayed.outcome, told?.changed], ['not-reproduced', 'not-reproduced', []])
  const evidence = await evidenceIn(logs)
  assert.deepEqual(evidence.job, await storedJob('stays'))
  assert.equal(evidence.guest.origin, 'restored')
  const output = report.cells.find((cell) => cell.case === 'stays')?.attempts[0]?.output
  assert.equal(await readFile(join(logs, 'output.log'), 'utf8'), `${output?.join('\n')}\n`)
  assert.match(await readFile(join(logs, 'console.log'), 'utf8'), /Linux version 6\.1\./)
  assert.deepEqual(await readdir(attempts), names)
  assert.deepEqual(readReport(await runCli(place, ['report', '--json', '--with-logs'])), report)
})

test('for people: both side by side, and where the logs are; --verbose streams the guest beside it', async () => {
  const { code, stdout, stderr } = await runCli(place, ['replay', `${kernel}/stays`, '--verbose', '--out', logs])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^ *stored +replayed\n *outcome +not-reproduced +not-reproduced$/m)
  assert.match(stdout, /^output: identical$/m)
  assert.ok(stderr.includes(logs), stderr)
  assert.match(stdout, new RegExp(`^stored \\(run ${report.run.id}\\): output: ${place.state}/.*/output\\.log$`, 'm'))
  assert.match(stdout, new RegExp(`^replayed: console: ${logs}/console\\.log$`, 'm'))
  for (const line of [': case took [\\d.]+ s', ' console \\| .*Linux version ', ' output \\| ok 1 ']) {
    assert.match(stderr, new RegExp(`^${RegExp.escape(kernel)} stays${line}`, 'm'))
    assert.doesNotMatch(stdout, new RegExp(line))
  }
})

test('an attempt is named by its evidence id, too, and by nothing that contradicts it', async () => {
  const id = report.cells.find((cell) => cell.case === 'stays')?.attempts[0]?.id ?? ''
  const named = await runCli(place, ['replay', id.slice(0, -4), '--json', '--out', logs])
  const { case: name, attempt, files } = JSON.parse(named.stdout)
  assert.deepEqual([named.code, name, attempt], [0, 'stays', 1], named.stderr)
  assert.deepEqual(files.replayed, { console: join(logs, 'console.log'), output: join(logs, 'output.log') })
  const other = await runCli(place, ['replay', id, '--attempt', '2'])
  assert.deepEqual([other.code, other.stdout], [2, ''])
  assert.match(other.stderr, /is attempt 1, and --attempt says 2/)
})

test('what no seed brings back comes out as another outcome sooner or later: exit 1, and the line that differs', async () => {
  const seen = new Set<boolean>()
  for (let tosses = 0; seen.size < 2 && tosses < MAX_TOSSES; tosses += 1) {
    const { code, replay: told, stderr } = await replay('tosses')
    assert.ok(told, stderr)
    assert.equal(told.sameOutcome, told.stored.outcome === told.replayed.outcome)
    assert.equal(code, told.sameOutcome ? 0 : 1)
    assert.ok(told.output.kind !== 'identical', 'no two attempts are made at one nanosecond')
    assert.equal(told.output.kind, told.sameOutcome ? 'comments-differ' : 'results-differ')
    assert.match(told.output.replayed ?? '', told.sameOutcome ? /^# \d+ ns$/ : /^(not )?ok 1 the microsecond is even$/)
    seen.add(told.sameOutcome)
  }
  assert.deepEqual([...seen].toSorted(), [false, true])
})

test('a guest that was saved anew since is said to be another boot; one that was booted is booted again', async () => {
  await rm(join(place.cache, 'guests'), { recursive: true })
  const anew = await replay('stays')
  assert.deepEqual([anew.code, anew.replay?.guest], [0, 'saved-anew'], anew.stderr)

  const words = [...kernelWords(kernel), '--catalogue', catalogue, '--cases', 'stays', '--no-snapshot']
  const fresh = await runReport(place, words)
  assert.equal(fresh.code, 0, fresh.stderr)
  const booted = await replay('stays')
  assert.deepEqual([booted.code, booted.replay?.guest, booted.replay?.run], [0, 'booted', fresh.report.run.id], booted.stderr)
  const older = await replay('stays', '--run', report.run.id)
  assert.deepEqual([older.code, older.replay?.run], [0, report.run.id], older.stderr)
})

test('the program of then is taken from the cache; where that has lost it, its source must be what it was', async () => {
  const then = await readFile(source, 'utf8')
  const words = ['--run', report.run.id]
  await writeFile(source, then.replace('a page reads back', 'a page always reads back'))
  assert.deepEqual((await replay('stays', ...words)).replay?.output, { kind: 'identical' })
  const { program } = await storedJob('stays')
  await rm(join(place.cache, 'programs', program), { recursive: true })

  const refused = await replay('stays', ...words)
  assert.deepEqual([refused.code, refused.stdout], [2, ''])
  assert.match(refused.stderr, /the reproducer of stays \(or its compiler\) has changed since/)
  assert.match(refused.stderr, new RegExp(`kwitness run --kernels ${kernel} --cases stays`))

  await writeFile(source, then)
  const again = await replay('stays', ...words)
  assert.deepEqual([again.code, again.replay?.output], [0, { kind: 'identical' }], again.stderr)
})

test('a cell, attempt or run that is not there is refused', async () => {
  for (const [words, message] of [
    [['no-such-case'], /has no result .*no-such-case/],
    [['stays', '--attempt', '9'], /has no attempt 9 of .*\n {2}there are: 1/],
    [['stays', '--attempt', 'first'], /'--attempt <n>' argument 'first' is invalid. Give a whole number/],
    [['stays', '--run', 'none'], /there is no run none/],
  ] as const) {
    const [cell, ...rest] = words
    const { code, stdout, stderr } = await replay(cell, ...rest)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, message)
  }
})

/** Tests that others wrote, from a tree that is laid out like a kernel's: built, run, read, compared between kernels. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inRepository, REPOSITORY } from '#harness/support/repository.ts'
import type { SuiteReport } from '#domain/report/suite.ts'
import { fetchKernels, kernelWords, newPlace, runCli, startCli } from '../helpers/cli.ts'

/** Attempts that give no answer cost a guest its snapshot: those of other files are left alone. */
const place = await newPlace('guests')
after(() => place.remove())
const kernels = await fetchKernels()
const tree = inRepository('test', 'e2e', 'suite')
const suite = ['--suite', 'kselftest:mm', '--tree', tree]
const ran = await runCli(place, ['run', ...suite, ...kernelWords(kernels.v510, kernels.newest), '--json', '--out', place.out])
const report = JSON.parse(ran.stdout || '{}') as SuiteReport

/** Statuses of a program's tests on both kernels, the older first. */
function statusesOf(program: string): Record<string, string[]> {
  const own = report.rows.filter((row) => row.program === program)
  return Object.fromEntries(own.map(({ test: name, results }) => [name, results.map(({ status }) => status)]))
}

/** What the program `cow` of this tree says it runs before its three results: all of them are of it. */
const RUN = 'first test ... with base page'

test('results are answers whatever they are, and what cannot be built or is not there is said', () => {
  assert.equal(ran.code, 0, ran.stderr)
  assert.match(ran.stderr, /madv_populate does not build: .*undefined reference to .not_there/)
  assert.ok(report.suite.notInTree.includes('pagemap_ioctl'))
  assert.ok(report.suite.leftOut.some(({ program }) => program === 'madv_populate'))
  assert.equal(report.suite.tree.version, '6.99.1')
})

test('one row a subtest, whatever the dialect', () => {
  assert.deepEqual(statusesOf('cow'), {
    [`${RUN} / nothing leaks`]: ['pass', 'pass'],
    [`${RUN} / second test`]: ['fail', 'pass'],
    [`${RUN} / third test`]: ['skip', 'skip'],
  })
  assert.deepEqual(statusesOf('merge'), {
    'sides / left': ['pass', 'pass'],
    'sides / right': ['pass', 'pass'],
    whole: ['pass', 'pass'],
  })
  assert.deepEqual(statusesOf('uffd-unit-tests'), {
    'events on anon': ['pass', 'pass'],
    'events on shmem': ['skip', 'skip'],
    'marked test': ['fail', 'fail'],
    'other test': ['pass', 'pass'],
  })
  assert.deepEqual(statusesOf('mlock2-tests'), { 'exit status': ['pass', 'pass'] })
  assert.deepEqual(statusesOf('map_populate'), { 'exit status': ['skip', 'skip'] })
})

test('what a program needs is set up before it starts', () => {
  for (const program of ['on-fault-limit', 'hugepage-mremap']) {
    assert.deepEqual(statusesOf(program), { 'exit status': ['pass', 'pass'] }, program)
  }
})

test('no tests are no pass, a killed program is broken, and words of a panic are none', () => {
  const outcomes = (program: string) => report.cells.filter((cell) => cell.program === program).map(({ outcome }) => outcome)
  assert.deepEqual(outcomes('soft-dirty'), ['error', 'error'])
  assert.deepEqual(statusesOf('soft-dirty'), {})
  assert.deepEqual(outcomes('mremap_dontunmap'), ['error', 'error'])
  assert.deepEqual(statusesOf('mremap_dontunmap'), { before: ['pass', 'pass'], 'test 2': ['not-reported', 'not-reported'] })
  assert.deepEqual(outcomes('uffd-unit-tests'), ['reported', 'reported'])
})

test('what differs is a change along versions', async () => {
  const flip = { before: kernels.v510, after: kernels.newest, from: 'fail', to: 'pass' }
  assert.deepEqual(report.changes, [{ program: 'cow', test: `${RUN} / second test`, kind: 'improvement', ...flip }])
  const { stdout } = await runCli(place, ['report'])
  assert.match(stdout, /cow: 1 fails on \S+, passes on \S+: first test .* \/ second test/)
  const page = await readFile(join(place.out, 'index.html'), 'utf8')
  assert.match(page, /second test/)
  assert.doesNotMatch(page, /<script/)
})

test('a stored run is reported again byte for byte, explained, listed, and not resumed when it is over', async () => {
  assert.equal((await runCli(place, ['report', '--json'])).stdout, ran.stdout)
  const { code, stdout } = await runCli(place, ['explain', `${kernels.v510}/cow`])
  assert.equal(code, 0)
  assert.match(stdout, /^ {2}fail +output:5 +first test .* \/ second test$/m)
  assert.match((await runCli(place, ['runs'])).stdout, /finished/)
  assert.equal((await runCli(place, ['report', '--format', 'ktap'])).code, 2)
  assert.equal((await runCli(place, ['report', '--fail-on', 'improvement'])).code, 1)
  assert.equal((await runCli(place, ['report', '--fail-on', 'regression'])).code, 0)
  assert.match((await runCli(place, ['run', '--resume'])).stderr, /no unfinished run/)
})

test('an attempt is made again by the program of then', async () => {
  const { code, stdout, stderr } = await runCli(place, ['replay', `${kernels.newest}/cow`])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /reported/)
})

test('options that cannot go together are refused', async () => {
  const refusals = [
    [['--suite', 'kselftest:mm'], /--suite and --tree go together/],
    [[...suite, '--cases', 'no-such'], /no case matches no-such/],
    [['--suite', 'kselftest:net', '--tree', tree], /there is no suite kselftest:net/],
    [['--suite', 'kselftest:mm', '--tree', REPOSITORY], /not a kernel source|cannot read/],
    [[...suite, '--fail-on', 'lacks'], /--fail-on does not know lacks/],
    [[...suite, '--max-miss-probability', '1e-3'], /'--suite <name>' cannot be used with option '--max-miss-probability/],
  ] as const
  for (const [words, why] of refusals) {
    const { code, stderr } = await runCli(place, ['run', ...words])
    assert.deepEqual([code, why.test(stderr)], [2, true], stderr)
  }
})

/** Programs that answer: after one that does not, a kernel boots anew, which the run above has seen. */
const ANSWER = ['cow', 'merge', 'mlock2-tests', 'map_populate']

test('an interrupted run goes on and ends with the same results', async () => {
  const own = { ...place, state: join(place.folder, 'interrupted') }
  const some = [...suite, '--cases', ANSWER.join(), ...kernelWords(kernels.v510, kernels.newest)]
  const first = startCli(own, ['run', ...some, '--out', join(place.folder, 'resumed')])
  await first.says(/: reported \(/)
  first.kill('SIGINT')
  assert.equal((await first.ended).code, 130)
  const resumed = await runCli(own, ['run', '--resume', '--json', '--out', join(place.folder, 'resumed')])
  assert.equal(resumed.code, 0, resumed.stderr)
  const rows = report.rows.filter(({ program }) => ANSWER.includes(program))
  assert.ok(rows.length > ANSWER.length)
  assert.deepEqual((JSON.parse(resumed.stdout) as SuiteReport).rows, rows)
})

/** `kwitness check` on this machine, and `kwitness report --import` of what kwitness-check printed. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fromFile } from '#domain/report/file.ts'
import type { Report } from '#domain/report/matrix.ts'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { reportSchema } from '#schema/report/matrix.ts'

const CASES = join(import.meta.dirname, 'cases')
const QUICK = 'seen,unseen,destroys,needs-module,forges,fails'
let folder = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-command-'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function kwitness(args: readonly string[]) {
  const env = { KWITNESS_STATE: join(folder, 'state') }
  return runCommand(inRepository('kwitness'), [...args, '--catalogue', CASES], { anyExit: true, env, timeoutMs: 120_000 })
}

const verdictsOf = ({ cells }: Report) => Object.fromEntries(cells.map((cell) => [cell.case, cell.verdict]))

const EXPECTED = {
  seen: 'lacks',
  unseen: 'carries',
  destroys: 'not-applicable',
  'needs-module': 'not-applicable',
  forges: 'error',
  fails: 'error',
}

test('check reports the kernel of this machine by the rules of guests, and --verbose shows what it says meanwhile', async () => {
  const out = join(folder, 'out')
  const { stdout, stderr, exitCode } = await kwitness(['check', '--json', '--verbose', '--cases', QUICK, '--out', out])
  assert.equal(exitCode, 1, stderr)
  const report = fromFile(reportSchema.parse(JSON.parse(stdout)))
  assert.deepEqual(verdictsOf(report), EXPECTED)
  assert.equal(report.kernels.length, 1)
  assert.equal(report.kernels[0]?.provider, 'host')
  assert.deepEqual(
    report.hosts?.map(({ host, outcome, left }) => [host, outcome, left]),
    [['running', 'checked', []]],
  )
  const reason = report.cells.find((cell) => cell.case === 'destroys')?.summary ?? ''
  assert.match(reason, /destructive/)
  for (const line of ['kwitness: programs took ', 'this machine output | # kwitness-check: 1', 'this machine output | ok ']) {
    assert.ok(stderr.includes(`\n${line}`) || stderr.startsWith(line), `${line} is not in:\n${stderr}`)
  }
})

test('no case chosen, and words that are not known, exit 2', async () => {
  for (const args of [['--cases', 'nothing'], ['--fail-on', 'nonsense'], ['more']]) {
    assert.equal((await kwitness(['check', ...args])).exitCode, 2, args.join(' '))
  }
})

test('what kwitness-check printed gives the same report elsewhere', async () => {
  const program = join(folder, 'kwitness-check')
  const built = await kwitness(['cases', 'build', '--all', '--out', program])
  assert.equal(built.exitCode, 0, built.stderr)
  const printed = await runCommand(program, ['--cases', QUICK], { anyExit: true, bytes: true })
  const file = join(folder, 'db1.ktap')
  await writeFile(file, Buffer.from(printed.stdout, 'latin1'))
  const { stdout, stderr, exitCode } = await kwitness(['report', '--import', file, '--json'])
  assert.equal(exitCode, 1, stderr)
  assert.deepEqual(verdictsOf(JSON.parse(stdout) as Report), EXPECTED)
  const again = await kwitness(['report', '--import', file, '--import', file])
  assert.equal(again.exitCode, 2)
  assert.match(again.stderr, /two of the machines are one/)
  const cut = join(folder, 'cut.ktap')
  await writeFile(cut, printed.stdout.slice(0, printed.stdout.indexOf('ok 2')))
  const part = await kwitness(['report', '--import', cut])
  assert.match(part.stdout, /lost, .* after \d of 6 cases: the file ends there/)
  assert.notEqual(part.exitCode, 0)
  const head = join(folder, 'head.ktap')
  await writeFile(head, printed.stdout.slice(0, printed.stdout.indexOf('# case: ')).replace(/^ .*\n/gm, ''))
  const stored = (await kwitness(['runs', '--json'])).stdout
  const empty = await kwitness(['report', '--import', file, '--import', head])
  assert.deepEqual([empty.exitCode, empty.stdout], [2, ''], empty.stderr)
  assert.match(empty.stderr, /head\.ktap holds no case: its plan has 6, and none ended/)
  assert.equal((await kwitness(['runs', '--json'])).stdout, stored, 'nothing is stored')
  const none = await kwitness(['report', '--import', inRepository('README.md')])
  assert.equal(none.exitCode, 2)
  assert.match(none.stderr, /is not the output of kwitness-check/)
})

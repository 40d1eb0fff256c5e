/** Many attempts in guests of one kind: their guests are forks of one, answer as restored ones do, and end with the run. */
import assert from 'node:assert/strict'
import { cp, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Evidence } from '#domain/evidence.ts'
import type { Report } from '#domain/report/matrix.ts'
import {
  fetchKernels,
  kernelWords,
  newPlace,
  qemus,
  readReport,
  runReport,
  startCli,
  until,
  verdictsOf,
  type Cli,
  type Kernels,
  type Place,
  type Process,
} from '../helpers/cli.ts'
import { guestsOf } from '../helpers/killed.ts'

/** Deterministic cases with the guest of most, of which 5.10 and 6.1 answer differently. */
const CASES = ['uffd-mmap-changing-atomic', 'uffd-fork-event', 'uffd-eagain-output', 'uffd-low-address', 'mremap-uffd-merge']

const place = await newPlace()
let kernels: Kernels

before(async () => {
  kernels = await fetchKernels()
})
after(() => place.remove())

const at = (name: string): Place => ({ ...place, state: join(place.folder, name), out: join(place.folder, name, 'out') })
const wishes = (cases: readonly string[]): string[] => [...kernelWords(kernels.v510, kernels.v61), '--cases', cases.join()]
const originsOf = ({ cells }: Report): string[] => cells.flatMap(({ attempts }) => attempts.map(({ origin }) => origin))

test('many cases have forked guests, few have restored ones, and they answer alike', async (t) => {
  const many = await runReport(at('many'), wishes(CASES))
  assert.equal(many.code, 0, many.stderr)
  if (many.report.run.host.accelerator === 'kvm') return t.skip('KVM works here: its guests are not forked')
  assert.deepEqual([...new Set(originsOf(many.report))], ['forked'], many.stderr)
  const parts = [CASES.slice(0, 2), CASES.slice(2, 4), CASES.slice(4)]
  const few = await Promise.all(parts.map((some, index) => runReport(at(`few-${index}`), wishes(some))))
  assert.deepEqual([...new Set(few.flatMap(({ report }) => originsOf(report)))], ['restored'])
  assert.deepEqual(verdictsOf(many.report), Object.assign({}, ...few.map(({ report }) => verdictsOf(report))))
})

test('where a guest gave no answer the next one is booted anew, and is forked in its place', async (t) => {
  const there = await newPlace(true)
  t.after(() => there.remove())
  const catalogue = join(there.folder, 'catalogue')
  for (const name of ['hostile/panic', 'hostile/escape', 'cases/random'])
    await cp(join(import.meta.dirname, name), join(catalogue, basename(name)), { recursive: true })
  const { report, stderr } = await runReport(there, [...kernelWords(kernels.v61), '--catalogue', catalogue])
  if (report.run.host.accelerator === 'kvm') return t.skip('KVM works here: its guests are not forked')
  const hurt = report.cells.find((cell) => cell.case === 'panic')?.attempts ?? []
  assert.deepEqual(
    hurt.map(({ origin, ending }) => [origin, ending]),
    [
      ['forked', 'panic'],
      ['forked', 'panic'],
    ],
    stderr,
  )
  for (const { id } of hurt) {
    const stored = await readFile(join(there.state, 'evidence', report.run.id, id, 'evidence.json'), 'utf8')
    assert.deepEqual((JSON.parse(stored) as Evidence).ending, { kind: 'guest-stopped', reason: 'guest-reset' })
  }
})

/** The QEMU of this run that the others are copies of. */
function serverOf(cli: Cli): Process | undefined {
  const guests = guestsOf(cli.pid)
  return guests.find(({ pid }) => qemus(({ parent }) => parent === pid).length > 0)
}

test('a fork server that is killed: its copies go with it, their attempts are made again, in restored guests', async (t) => {
  const there = at('killed')
  const cli = startCli(there, ['run', ...kernelWords(kernels.v510), '--cases', CASES.join(), '--json', '--out', there.out])
  let over = false
  void cli.ended.then(() => (over = true))
  const server = await until('a forked guest', () => over || serverOf(cli))
  if (server === true) return t.skip('no guest was forked: KVM works here')
  process.kill(server.pid, 'SIGKILL')
  const ended = await cli.ended
  assert.equal(ended.code, 0, ended.stderr)
  /* The copy had begun to run, was about to, or was still to be made. */
  const moments = 'QEMU was not copied: the fork server is gone|QEMU went away before|it ended at once'
  assert.match(ended.stderr, new RegExp(`a guest could not be forked \\((${moments}).*\\): restoring those of its kind`))
  const report = readReport(ended)
  assert.ok(originsOf(report).includes('restored'))
  assert.deepEqual(guestsOf(cli.pid), [])
  const whole = await runReport(at('whole'), [...kernelWords(kernels.v510), '--cases', CASES.join()])
  assert.deepEqual(verdictsOf(report), verdictsOf(whole.report))
})

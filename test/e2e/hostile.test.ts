/** Cases that mistreat their guest: each ends as what it is, the run goes on, and what they say is shown as text. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { readTests } from '#console/ktap/reader.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { EndingWord, Outcome } from '#domain/judgement.ts'
import type { Report, ReportAttempt } from '#domain/report/matrix.ts'
import {
  attemptsOf,
  fetchKernels,
  kernelWords,
  newPlace,
  peakMemory,
  readReport,
  runCli,
  startCli,
  until,
  type Ended,
  type Kernels,
  type Place,
  type Process,
} from '../helpers/cli.ts'

/** How each case of the hostile catalogue must end, and the rule that must have decided it. */
const EXPECTED: Readonly<Record<string, readonly [outcome: Outcome, ending: EndingWord, rule: string]>> = {
  'bad-bytes': ['error', 'clean exit', 'output/protocol'],
  escape: ['not-reproduced', 'clean exit', 'output/ok'],
  'flood-console': ['error', 'case hung', 'agent/timeout'],
  'flood-output': ['error', 'case hung', 'agent/timeout'],
  forge: ['error', 'garbled', 'agent/garbled'],
  'hang-case': ['error', 'case hung', 'agent/timeout'],
  'hang-kernel': ['unrelated-crash', 'kernel hung', 'agent/kernel-hung'],
  'hang-unkillable': ['error', 'case hung', 'agent/case-hung'],
  'long-log': ['error', 'clean exit', 'log/lost'],
  oops: ['unrelated-crash', 'oops, went on', 'console/splat'],
  panic: ['unrelated-crash', 'panic', 'console/splat'],
  reset: ['unrelated-crash', 'guest stopped', 'qemu/guest-stopped'],
  'triple-fault': ['unrelated-crash', 'triple fault', 'qemu/guest-stopped'],
}

/** What is kept of a log: 1 MiB of each end, and a line between them. */
const KEPT_BYTES = (2 << 20) + 100
/** The logs of a few attempts and their report; a flood that were held would add the gigabyte it is. */
const MAX_MEMORY = 600 << 20

const HOSTILE = join(import.meta.dirname, 'hostile')
/** Cases of our own, for what is done to a guest from outside. */
const CASES = join(import.meta.dirname, 'cases')

/** Attempts that give no answer cost a guest its snapshot: those of other files are left alone. */
const place = await newPlace('guests')
let kernels: Kernels
let ran: Ended
let report: Report
let peak = 0

const at = (name: string): Place => ({ ...place, state: join(place.folder, name), out: join(place.folder, name, 'out') })

function attemptsAt(theCase: string): readonly ReportAttempt[] {
  return report.cells.find((cell) => cell.case === theCase)?.attempts ?? []
}

async function evidenceOf(attempt: string): Promise<Evidence> {
  return JSON.parse(await readFile(join(place.state, 'evidence', report.run.id, attempt, 'evidence.json'), 'utf8')) as Evidence
}

before(async () => {
  kernels = await fetchKernels()
  const words = ['run', ...kernelWords(kernels.v61), '--catalogue', HOSTILE, '--json', '--with-logs', '--out', place.out]
  const cli = startCli(place, words)
  const watch = setInterval(() => (peak = Math.max(peak, peakMemory(cli.pid) ?? 0)), 100)
  ran = await cli.ended
  clearInterval(watch)
  report = readReport(ran)
})
after(() => place.remove())

test('every hostile case ends as what it is, and none stops the run', async () => {
  assert.deepEqual((await readdir(HOSTILE)).toSorted(), Object.keys(EXPECTED))
  assert.equal(report.run.complete, true)
  const seen = report.cells.flatMap(({ case: id, attempts }) =>
    attempts.map(({ outcome, ending, reasons }) => [id, outcome, ending, reasons[0]?.rule]),
  )
  const expected = report.cells.flatMap(({ case: id, attempts }) => attempts.map(() => [id, ...(EXPECTED[id] ?? [])]))
  assert.deepEqual(seen, expected)
  assert.ok(report.cells.every(({ attempts }) => attempts.length > 0))
})

test('only the harmless one has an answer; the others are broken, and that is a finding', () => {
  const verdicts = new Map(report.cells.map(({ case: id, verdict }) => [id, verdict]))
  for (const [id, verdict] of verdicts) assert.equal(verdict, id === 'escape' ? 'carries' : 'error', id)
  assert.equal(ran.code, 1, ran.stderr)
})

test('trouble is tried once more before it is believed, in another pristine guest', () => {
  for (const { case: id, attempts } of report.cells) assert.equal(attempts.length, id === 'escape' ? 1 : 2, id)
})

test('a flood of log or output takes little memory and little disk', async () => {
  const floods = (await readdir(join(place.state, 'evidence', report.run.id))).filter((name) => name.includes('.flood-'))
  assert.equal(floods.length, 4)
  for (const name of floods) {
    const { console, output } = await evidenceOf(name)
    for (const { file, bytes } of [console, output]) assert.ok(bytes <= KEPT_BYTES, `${name} keeps ${bytes} bytes of ${file}`)
  }
  assert.ok(peak > 0 && peak < MAX_MEMORY, `kwitness took ${Math.round(peak / 1e6)} MB`)
})

test('a log that is longer than what is kept of it is cut in the middle, counted, and its case not believed', async () => {
  const attempts = attemptsAt('long-log')
  assert.equal(attempts.length, 2)
  for (const { id, reasons, console } of attempts) {
    assert.match(reasons[0]?.text ?? '', /^the console log lost \d+ bytes$/)
    assert.ok(console.length < 2000, `${console.length} lines are shown`)
    assert.ok(
      console.some((line) => /^\[kwitness: \d+ lines are left out/.test(line)),
      'and that more is there',
    )
    const kept = (await evidenceOf(id)).console
    assert.ok(kept.bytes <= KEPT_BYTES && kept.droppedBytes > 0, JSON.stringify(kept))
  }
})

test('what a guest prints is text on the page, in the terminal and in every format', async () => {
  const page = await readFile(join(place.out, 'index.html'), 'utf8')
  const ktap = await readFile(join(place.out, 'report.ktap'), 'utf8')
  const { stdout: why } = await runCli(place, ['explain', `${kernels.v61}/escape`])
  const { stdout: terminal } = await runCli(place, ['report'])
  const [, packed = ''] = /<script type="text\/plain" id="evidence">(.*?)<\/script>/s.exec(page) ?? []
  assert.match(inflateRawSync(Buffer.from(packed, 'base64')).toString(), /alert\(1\)/, 'the words are there')
  assert.doesNotMatch(page, /<script>alert|<img src=x/i)
  for (const [name, text] of Object.entries({ page, ktap, why, terminal, progress: ran.stderr })) {
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f]/, name)
  }
  const { documents, problems } = readTests(Buffer.from(ktap))
  assert.deepEqual([problems, documents.flatMap((document) => document.problems)], [[], []])
})

test('words of a panic that a case prints are no panic, and its banner no second start', () => {
  const [attempt] = attemptsAt('escape')
  assert.ok(attempt?.output.some((line) => line.includes('Kernel panic - not syncing: printed by a case')))
  assert.deepEqual(attempt?.splats, [])
})

/* It is only seen under way by the processor time it takes: restoring a guest takes a tenth of this. */
const UNDER_WAY_SECONDS = 1

test('a QEMU that is killed is our loss, not the answer: the attempt is made again and that one counts', async () => {
  const own = at('killed')
  const words = ['run', ...kernelWords(kernels.v61), '--catalogue', CASES, '--cases', 'busy']
  const cli = startCli(own, [...words, '--json', '--out', own.out])
  const isUnderWay = ({ cpuSeconds }: Process): boolean => cpuSeconds > UNDER_WAY_SECONDS
  let over = false
  void cli.ended.then(() => (over = true))
  const qemu = await until('the case to be under way', () => (over ? 'over' : attemptsOf(cli.pid).find(isUnderWay)))
  assert.ok(qemu !== 'over', 'the case ended before anybody could kill its QEMU')
  process.kill(qemu.pid, 'SIGKILL')
  const ended = await cli.ended
  const [cell] = readReport(ended).cells
  assert.deepEqual(
    cell?.attempts.map(({ outcome, ending, reasons }) => [outcome, ending, reasons[0]?.rule]),
    [
      ['infra', 'qemu gone', 'qemu/qemu-gone'],
      ['not-reproduced', 'clean exit', 'output/ok'],
    ],
    ended.stderr,
  )
  assert.equal(cell.verdict, 'carries')
  assert.equal(ended.code, 0, ended.stderr)
})

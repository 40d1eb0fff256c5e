/** Real kernels of three series, every deterministic case, by the command line a user types. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readTests } from '#console/ktap/reader.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { fetchKernels, kernelWords, newPlace, readReport, runCli, verdictsOf, type Ended, type Kernels } from '../helpers/cli.ts'

/** What is known of these fixes from their sources and changelogs: verdicts on the newest 5.10, 6.1 and of all. */
const KNOWN: Readonly<Record<string, readonly [v510: string, v61: string, newest: string]>> = {
  'block-direct-io-vs-fork': ['lacks', 'lacks', 'carries'],
  'fuse-direct-io-vs-fork': ['lacks', 'lacks', 'carries'],
  'hugetlb-mremap-hole': ['not-applicable', 'carries', 'carries'],
  'hugetlb-pin-vs-fork': ['lacks', 'carries', 'carries'],
  'ksm-soft-dirty': ['lacks', 'lacks', 'lacks'],
  'ksm-unmerge-flags': ['not-applicable', 'carries', 'carries'],
  'memfd-exec-seal': ['not-applicable', 'not-applicable', 'carries'],
  'memfd-sealed-readonly': ['carries', 'carries', 'carries'],
  'mlock-droppable': ['not-applicable', 'not-applicable', 'carries'],
  'mremap-dontunmap-locked': ['lacks', 'carries', 'carries'],
  'mremap-uffd-merge': ['lacks', 'lacks', 'carries'],
  'pagemap-huge-file': ['carries', 'carries', 'carries'],
  'pagemap-scan-hugetlb-hole': ['not-applicable', 'not-applicable', 'carries'],
  'pagemap-scan-unpopulated': ['not-applicable', 'not-applicable', 'carries'],
  'pagemap-unknown-ioctl': ['not-applicable', 'not-applicable', 'lacks'],
  'pin-vs-mprotect': ['lacks', 'carries', 'carries'],
  'prctl-auxv-tail': ['lacks', 'carries', 'carries'],
  'secretmem-account': ['not-applicable', 'carries', 'carries'],
  'shm-hugetlb-rss': ['carries', 'carries', 'carries'],
  'thp-cow-vs-vmsplice': ['lacks', 'carries', 'carries'],
  'uffd-copy-vs-fork': ['carries', 'carries', 'carries'],
  'uffd-eagain-output': ['lacks', 'lacks', 'carries'],
  'uffd-fault-around-minor': ['not-applicable', 'carries', 'carries'],
  'uffd-fault-around-missing': ['lacks', 'lacks', 'lacks'],
  'uffd-fault-around-wp': ['not-applicable', 'carries', 'carries'],
  'uffd-fork-event': ['carries', 'carries', 'carries'],
  'uffd-low-address': ['carries', 'carries', 'carries'],
  'uffd-mmap-changing-atomic': ['lacks', 'carries', 'carries'],
  'uffd-move-huge-zero': ['not-applicable', 'not-applicable', 'carries'],
  'uffd-move-livelock': ['not-applicable', 'not-applicable', 'carries'],
  'uffd-wp-close': ['not-applicable', 'carries', 'carries'],
  'uffd-wp-mremap': ['not-applicable', 'carries', 'carries'],
  'uffd-wp-special-vma': ['not-applicable', 'not-applicable', 'carries'],
}

interface TraceEvent {
  readonly ph: string
  readonly name: string
  readonly ts: number
  readonly dur: number
  readonly pid: number
  readonly tid: number
  readonly args: Readonly<Record<string, unknown>>
}

const place = await newPlace()
let kernels: Kernels
let ran: Ended
let report: Report

const cellOf = (kernel: string, theCase: string): ReportCell => {
  const cell = report.cells.find((one) => one.kernel === kernel && one.case === theCase)
  assert.ok(cell, `there is no cell ${kernel}/${theCase}`)
  return cell
}

before(async () => {
  kernels = await fetchKernels()
  const words = [...kernelWords(kernels.newest, kernels.v510, kernels.v61), '--cases', Object.keys(KNOWN).join(), '--seed', '7']
  // Who asks where the time went gets the same report.
  ran = await runCli(place, ['run', ...words, '--timings', '--json', '--with-logs', '--out', place.out])
  report = readReport(ran)
})
after(() => place.remove())

test('three kernels of three series, every deterministic case: verdicts as the sources of the kernels have them', () => {
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(report.run.complete, true)
  assert.equal(new Set(report.kernels.map(({ series }) => series)).size, 3)
  const expected = Object.entries(KNOWN).flatMap(([id, [v510, v61, newest]]) => [
    [`${kernels.v510}/${id}`, v510],
    [`${kernels.v61}/${id}`, v61],
    [`${kernels.newest}/${id}`, newest],
  ])
  assert.deepEqual(verdictsOf(report), Object.fromEntries(expected))
  const surprises = report.cells.filter(({ finding }) => finding === 'listed-still-affected' || finding === 'fixed-not-listed')
  assert.deepEqual(
    surprises.map((cell) => [cell.kernel, cell.case, cell.finding]),
    [],
  )
})

test('where the time went: a table, and a trace with each attempt and the case in it', async () => {
  const file = join(place.out, 'trace.json')
  assert.ok(ran.stderr.includes(`chrome://tracing: ${file}`), ran.stderr)
  assert.match(ran.stderr, /^where [\d.]+ s went, in seconds$/m)
  const { traceEvents } = JSON.parse(await readFile(file, 'utf8')) as { traceEvents: TraceEvent[] }
  const named = (name: string) => traceEvents.filter((event) => event.ph === 'X' && event.name === name)
  for (const { kernel, case: theCase } of report.cells) {
    const own = ({ args }: TraceEvent): boolean => args['kernel'] === kernel && args['case'] === theCase
    const [attempt, inside] = [named('attempt').find(own), named('case').find(own)]
    assert.ok(attempt && inside, `${kernel} ${theCase}`)
    assert.deepEqual([inside.pid, inside.tid], [attempt.pid, attempt.tid])
    assert.ok(attempt.ts <= inside.ts && inside.ts + inside.dur <= attempt.ts + attempt.dur)
  }
})

test('the deterministic cases of the catalogue are those this file knows of', async () => {
  const { stdout } = await runCli(place, ['cases', 'list', '--json'])
  const cases = JSON.parse(stdout) as { id: string; oracle: string }[]
  assert.deepEqual(
    cases.filter(({ oracle }) => oracle === 'deterministic').map(({ id }) => id),
    Object.keys(KNOWN),
  )
})

test('each attempt was made in the kernel it is about, and says how', () => {
  for (const kernel of report.kernels) {
    assert.ok(kernel.release, `${kernel.id} said its release`)
    assert.match(kernel.sha256 ?? '', /^[0-9a-f]{64}$/)
    for (const cell of report.cells.filter((one) => one.kernel === kernel.id)) {
      const last = cell.attempts.at(-1)
      assert.equal(last?.ending, 'clean exit')
      assert.match(last.bootMethod ?? '', /^(microvm|pc)-/)
      assert.ok(last.argv.includes('-kernel'))
      const banner = last.console.find((line) => line.startsWith('Linux version '))
      assert.ok(banner?.includes(`Linux version ${kernel.release} `), banner)
    }
  }
  const seeds = report.cells.flatMap(({ attempts }) => attempts.map(({ seed }) => seed))
  assert.equal(new Set(seeds).size, seeds.length, 'no two attempts share a seed')
})

test('a gate that fails on kernels that lack a fix exits 1', async () => {
  const gate = join(place.folder, 'gate')
  const words = [...kernelWords(kernels.v510), '--cases', 'uffd-mmap-changing-atomic', '--out', gate, '--fail-on', 'lacks']
  const { code, stdout, stderr } = await runCli({ ...place, state: gate }, ['run', ...words])
  assert.equal(code, 1, stderr)
  assert.match(stdout, /lacks/)
  assert.equal((await runCli(place, ['report', '--fail-on', 'lacks'])).code, 1)
  assert.equal((await runCli(place, ['report', '--fail-on', 'inconclusive'])).code, 0)
  assert.equal((await runCli(place, ['report', '--fail-on', 'everything'])).code, 2)
})

test('a stored run is reported again, byte for byte, in every format', async () => {
  for (const [format, file] of [
    ['json', 'report.json'],
    ['html', 'index.html'],
    ['ktap', 'report.ktap'],
  ] as const) {
    const left = await readFile(join(place.out, file), 'utf8')
    // The report of this run has its logs.
    const logs = format === 'json' ? ['--with-logs'] : []
    const { code, stdout, stderr } = await runCli(place, ['report', '--format', format, ...logs])
    assert.equal(code, 0, stderr)
    assert.equal(stdout.trimEnd(), left.trimEnd(), `${format} on standard output`)
    const named = join(place.folder, `again.${format}`)
    assert.equal((await runCli(place, ['report', report.run.id, '--format', format, ...logs, '--out', named])).stdout, '')
    assert.equal(await readFile(named, 'utf8'), left, `${format} in a file`)
  }
  assert.equal(
    (await runCli(place, ['report', '--json', '--with-logs'])).stdout,
    ran.stdout,
    'what the run printed is what the store gives',
  )
})

test('the page holds every kernel and case and asks nobody for more', async () => {
  const page = await readFile(join(place.out, 'index.html'), 'utf8')
  for (const { id } of [...report.kernels, ...report.cases]) assert.ok(page.includes(id), id)
  assert.match(page, /http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;;/)
  const tags = page.match(/<(?:script|link|img|iframe|object|base)\b[^>]*>/gi) ?? []
  assert.deepEqual(
    tags.filter((tag) => /\b(?:src|href|data)=/i.test(tag) && !/="data:/.test(tag)),
    [],
  )
})

test('the KTAP is a whole document with a result for every cell', async () => {
  const { documents, problems } = readTests(Buffer.from(await readFile(join(place.out, 'report.ktap'))))
  assert.deepEqual([problems, documents.flatMap((document) => document.problems)], [[], []])
  const points = documents.flatMap((document) => document.points)
  const leaves = points.flatMap((point) => (point.children.length > 0 ? point.children : [point]))
  assert.equal(leaves.length, report.cells.length)
})

test('why names the very line of the output that decided', async () => {
  const cell = cellOf(kernels.v510, 'uffd-mmap-changing-atomic')
  const { code, stdout, stderr } = await runCli(place, ['explain', `${cell.kernel}/${cell.case}`])
  assert.equal(code, 0, stderr)
  const [, line] = /^ {4}output:(\d+) {2}.*\[output\/not-ok\]$/m.exec(stdout) ?? []
  assert.match(cell.attempts[0]?.output[Number(line) - 1] ?? '', /^not ok \d/, stdout)
  const { version } = report.kernels.find(({ id }) => id === kernels.v510) ?? {}
  const byVersion = await runCli(place, ['why', `${version}/uffd-mmap-changing-atomic`])
  assert.equal(byVersion.stdout, stdout, 'a version names its kernel')
  const alone = await runCli(place, ['explain', `${cell.kernel}/${cell.case}`, '--json'])
  const { run, caseContradictions, attempts, ...rest } = JSON.parse(alone.stdout)
  const made: Record<string, unknown>[] = attempts
  const own = made.map(({ diagnostics: _, files: __, ...attempt }) => attempt)
  assert.deepEqual({ ...rest, attempts: own }, cell, 'read alone it is the cell of the report')
  assert.deepEqual([run, caseContradictions], [report.run.id, []])
  const { files } = attempts[0]
  assert.equal(await readFile(files.output, 'utf8'), `${cell.attempts[0]?.output.join('\n')}\n`)
  assert.ok(stdout.includes(files.console), stdout)
  assert.equal((await runCli(place, ['explain', `${cell.kernel}/no-such-case`])).code, 2)
})

test('runs lists it as finished; there is nothing to resume', async () => {
  const { stdout } = await runCli(place, ['runs'])
  assert.match(stdout, new RegExp(`^${report.run.id} +\\S+ \\S+ +matrix +3 x \\d+ +\\d+ made +finished +kwitness run `, 'm'))
  const { code, stderr } = await runCli(place, ['run', '--resume'])
  assert.equal(code, 2)
  assert.match(stderr, /there is no unfinished run to resume/)
})

test('a dry run shows the plan and stores nothing', async () => {
  const wanted = Object.keys(KNOWN).filter((id) => id.startsWith('uffd-'))
  const words = ['run', ...kernelWords(kernels.v61), '--cases', wanted.join(), '--dry-run']
  const { code, stdout, stderr } = await runCli({ ...place, state: join(place.folder, 'dry') }, words)
  assert.equal(code, 0, stderr)
  assert.match(stdout, new RegExp(`^plan: 1 kernels? x ${wanted.length} cases = ${wanted.length} cells`))
  assert.match((await runCli({ ...place, state: join(place.folder, 'dry') }, ['report'])).stderr, /no run is stored in .* yet/)
})

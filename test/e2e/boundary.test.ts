/** `kwitness boundary` on real kernels of one series, by cases whose answers the test knows: it finds what asking all finds. */
import assert from 'node:assert/strict'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import type { ListedKernel } from '#domain/kernel.ts'
import { toFile } from '#domain/report/file.ts'
import type { Boundary, Timeline, Report } from '#domain/report/matrix.ts'
import * as bcd from '#schema/report/bcd.ts'
import * as matrix from '#schema/report/matrix.ts'
import { newPlace, runCli, runReport, startCli } from '../helpers/cli.ts'

const SERIES = '5.10.y'

/** What each kernel of the series says, oldest first, the last letter for all that follow: l bug, c none, b error, s skip. */
const CASES: Readonly<Record<string, string>> = {
  came: 'llc',
  went: 'cl',
  same: 'l',
  wavers: 'clc',
  stumbles: 'lbc',
  arrives: 'slc',
}

interface Found {
  readonly run: string
  readonly booted: number
  readonly known: number
  readonly searches: readonly (Pick<Timeline, 'case' | 'series' | 'intervals'> & {
    readonly boundaries: readonly Boundary[]
    readonly asked: readonly { readonly kernel: string; readonly verdict: string }[]
  })[]
}

const place = await newPlace()
const catalogue = join(place.folder, 'catalogue')
let kernels: readonly ListedKernel[]

before(async () => {
  const listed = await runCli(place, ['kernels', 'list', `debian:${SERIES}`, '--json'])
  assert.equal(listed.code, 0, listed.stderr)
  kernels = (JSON.parse(listed.stdout) as ListedKernel[]).filter(({ state }) => state !== 'not-on-mirror')
  assert.ok(kernels.length >= 3, 'a search wants something between the ends')
  for (const [name, letters] of Object.entries(CASES)) {
    await cp(inRepository('test', 'e2e', 'boundaries', 'by-release'), join(catalogue, name), { recursive: true })
    const rows = kernels.map(({ build }, index) => `\t{ "${build}", '${letters[index] ?? letters.at(-1)}' },\n`)
    await writeFile(join(catalogue, name, 'limits.h'), `static const struct limit limits[] = {\n${rows.join('')}};\n`)
  }
})
after(() => place.remove())

const words = ['--catalogue', catalogue]
const search = (...more: readonly string[]) => ['boundary', ...words, '--series', SERIES, '--json', '--out', place.out, ...more]
const idOf = (index: number): string => kernels.at(index)?.id ?? ''
const flipOf = ({ case: name, before: last, after: first, from, to, precision }: Boundary): unknown => [
  name,
  last,
  from,
  first,
  to,
  precision,
]

test('by asking every kernel and by a search: the same boundaries, in each case', async () => {
  const all = await runReport({ ...place, state: join(place.folder, 'all') }, ['--kernels', `debian:${SERIES}`, ...words])
  const ran = await runCli(place, search('--cases', '*'))
  // One case breaks on purpose, which is a finding in either.
  assert.deepEqual([all.code, ran.code], [1, 1], `${all.stderr}\n${ran.stderr}`)
  const found = JSON.parse(ran.stdout) as Found
  assert.deepEqual(
    found.searches.flatMap(({ boundaries }) => boundaries.map(flipOf)),
    all.report.boundaries.map(flipOf),
  )
  assert.deepEqual(
    found.searches.map(({ case: name, intervals }) => [name, intervals.map(({ verdict }) => verdict)]),
    all.report.timelines.map(({ case: name, intervals }) => [name, intervals.map(({ verdict }) => verdict)]),
  )
  const data = await runCli({ ...place, state: join(place.folder, 'all') }, ['report', '--format', 'bcd'])
  assert.deepEqual(matrix.reportSchema.parse(toFile(all.report)), toFile(all.report))
  assert.deepEqual(bcd.compatSchema.parse(JSON.parse(data.stdout)), JSON.parse(data.stdout))
  const own = (name: string) => all.report.boundaries.filter((one) => one.case === name)
  assert.deepEqual(own('came').map(flipOf), [['came', idOf(1), 'lacks', idOf(2), 'carries', 'adjacent']])
  assert.deepEqual(own('went').map(flipOf), [['went', idOf(0), 'carries', idOf(1), 'lacks', 'adjacent']])
  assert.deepEqual(own('stumbles').map(flipOf), [['stumbles', idOf(0), 'lacks', idOf(2), 'carries', 'untested-between']])
  assert.deepEqual(
    own('stumbles')[0]
      ?.untested?.filter(({ reason }) => reason !== 'not-on-mirror')
      .map(({ reason }) => reason),
    ['error'],
  )
  assert.equal(own('wavers').length, 2)
  assert.deepEqual(own('same'), [])
})

test('ends that are alike: the ends and the middle are booted and no other, and it says what it cannot see', async () => {
  const ran = await runCli({ ...place, state: join(place.folder, 'same') }, search('--cases', 'same'))
  assert.equal(ran.code, 0, ran.stderr)
  const found = JSON.parse(ran.stdout) as Found
  assert.deepEqual([found.booted, found.known], [3, kernels.length])
  assert.deepEqual(
    found.searches[0]?.asked.map(({ kernel }) => kernel),
    [0, (kernels.length - 1) >> 1, -1].map(idOf),
  )
  const again = await runCli({ ...place, state: join(place.folder, 'same') }, ['report', found.run, '--format', 'json'])
  assert.equal((JSON.parse(again.stdout) as Report).cells.length, 3, 'what was not asked is no cell of the run')
})

test('stopped after its first answers it goes on from them, and finds the same', async () => {
  const own = { ...place, state: join(place.folder, 'stopped') }
  const cli = startCli(own, search('--cases', 'came'))
  await cli.says(/came: \S+ lacks \(/)
  cli.kill('SIGINT')
  const stopped = await cli.ended
  if (stopped.code === 0) return assert.match(stopped.stdout, /"precision": "adjacent"/, 'it was done before it could be stopped')
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(stopped.stderr, /kwitness boundary --resume \S+ goes on/)
  const ran = await runCli(own, ['boundary', '--resume', '--json', '--out', place.out])
  assert.equal(ran.code, 0, ran.stderr)
  const found = JSON.parse(ran.stdout) as Found
  assert.deepEqual(
    found.searches.flatMap(({ boundaries }) => boundaries.map(flipOf)),
    [['came', idOf(1), 'lacks', idOf(2), 'carries', 'adjacent']],
  )
  const first = cli.said().match(/\S+ came: (?:reproduced|not-reproduced)/g) ?? []
  for (const line of first) assert.ok(!ran.stderr.includes(line), `${line} was not asked again`)
})

test('what cannot be searched is said: no case, no such series, nothing to go on with', async () => {
  const say = async (...args: readonly string[]) => {
    const { code, stderr } = await runCli({ ...place, state: join(place.folder, 'none') }, ['boundary', ...args])
    return [code, stderr.split('\n').findLast((line) => line.startsWith('kwitness: '))]
  }
  assert.deepEqual(await say(), [2, 'kwitness: boundary needs --cases'])
  const series = "kwitness: option '--series <series>' argument 'six' is invalid. six is not a series."
  const [code, line] = await say('--cases', 'x', '--series', 'six')
  assert.deepEqual([code, String(line).startsWith(series)], [2, true], String(line))
  assert.deepEqual(await say('--resume'), [2, 'kwitness: there is no unfinished run to resume'])
})

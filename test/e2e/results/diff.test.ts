/** Runs compared by the command line: stored ones, files, and a run that is held against a baseline. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RunDiff } from '#domain/report/diff.ts'
import type { Report } from '#domain/report/matrix.ts'
import { fetchKernels, kernelWords, newPlace, runCli, type Ended } from '#test/helpers/cli.ts'

const place = await newPlace()
const baseline = join(place.folder, 'baseline.json')
let words: readonly string[]
let first: Ended

/** A report of the first run as it would have been, had an older build of the kernel answered so. */
async function olderReport(verdict: 'carries' | 'inconclusive'): Promise<void> {
  const report: Report = JSON.parse(await readFile(join(place.out, 'report.json'), 'utf8'))
  const kernels = report.kernels.map((kernel) => ({ ...kernel, sha256: 'ab'.repeat(32) }))
  await writeFile(baseline, JSON.stringify({ ...report, kernels, cells: report.cells.map((cell) => ({ ...cell, verdict })) }))
}

const run = (...more: readonly string[]) => runCli(place, ['run', ...words, '--out', place.out, ...more])

before(async () => {
  const { v61 } = await fetchKernels()
  words = [...kernelWords(v61), '--cases', 'ksm-soft-dirty']
  first = await run()
})
after(() => place.remove())

test('a lack that is known is no regression: the run against the last one exits 0', async () => {
  assert.equal(first.code, 0, first.stderr)
  const again = await run('--baseline', 'latest')
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stdout, /\n1 same\n$/)
  const diff = await runCli(place, ['diff'])
  assert.deepEqual([diff.code, /^kwitness \S+-1 .*→ \S+-2 /.test(diff.stdout), /1 same/.test(diff.stdout)], [0, true, true])
})

test('a regression is exit 1, told at the end of the run and in the files beside its report', async () => {
  await olderReport('carries')
  const { code, stdout } = await run('--baseline', baseline)
  assert.equal(code, 1)
  assert.match(stdout, /Regressed: .*\n {2}\S+\/ksm-soft-dirty\n {4}carries before, lacks now: The bug was seen/)
  const diff: RunDiff = JSON.parse(await readFile(join(place.out, 'diff.json'), 'utf8'))
  assert.equal(diff.counts.regressed, 1)
  assert.match(await readFile(join(place.out, 'diff.html'), 'utf8'), /<h2><span class="tone bad">Regressed/)
})

test('other changes are exit 1 where --fail-on names them', async () => {
  await olderReport('inconclusive')
  assert.equal((await runCli(place, ['diff', baseline, 'latest'])).code, 0)
  assert.equal((await runCli(place, ['diff', baseline, 'latest', '--fail-on', 'newly-decided'])).code, 1)
})

test('what cannot be compared is refused before anything runs', async () => {
  const refused = async (...args: string[]) => {
    const { code, stderr } = await runCli(place, args)
    return [code, stderr.split('\n')[0]]
  }
  await writeFile(join(place.folder, 'other.json'), '{"schema":"kwitness.bcd/1"}')
  assert.deepEqual(await refused('diff', 'nowhere.json'), [2, 'kwitness: cannot read nowhere.json: ENOENT'])
  assert.match(String((await refused('diff', 'other.json'))[1]), /^kwitness: other\.json is not a report of this kwitness: /)
  assert.deepEqual(await refused('diff', 'latest~77'), [2, 'kwitness: there is no run latest~77: 3 finished runs are stored'])
  assert.deepEqual(await refused('run', ...words, '--baseline', '2020-01-01-1'), [2, 'kwitness: there is no run 2020-01-01-1'])
})

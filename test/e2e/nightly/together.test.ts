/** Two checkouts and a nightly run share a store, and all three are killed: each goes on with its own run, and none is lost. */
import assert from 'node:assert/strict'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { REPOSITORY } from '#harness/support/repository.ts'
import { exists } from '#harness/support/workspace.ts'
import {
  fetchKernels,
  kernelWords,
  newPlace,
  readReport,
  runCli,
  runReport,
  startCli,
  verdictsOf,
  type Cli,
  type Place,
} from '#test/helpers/cli.ts'

/** What kwitness is made of; the rest of a checkout is not read by a run. */
const PARTS = ['kwitness', 'package.json', 'package-lock.json', 'src', 'harness', 'c-tests', 'vm-images', 'reports/templates']

/** Another checkout, with the packages of this one. */
async function cloneInto(folder: string): Promise<string> {
  await mkdir(join(folder, 'reports'), { recursive: true })
  for (const part of PARTS) await cp(join(REPOSITORY, part), join(folder, part), { recursive: true })
  for (const name of await readdir(REPOSITORY)) {
    if (!(await exists(join(folder, name))) && name !== '.git') await symlink(join(REPOSITORY, name), join(folder, name))
  }
  return folder
}

/** By run, its attempts with the time of each, as the evidence in the store has them. */
async function attemptsIn({ state }: Place): Promise<Record<string, string[]>> {
  const root = join(state, 'evidence')
  const runs: [string, string[]][] = []
  for (const run of await readdir(root)) {
    const names = (await readdir(join(root, run))).filter((name) => !name.startsWith('.'))
    const times = names.map(async (name) => {
      const { startedAt } = JSON.parse(await readFile(join(root, run, name, 'evidence.json'), 'utf8')) as { startedAt: string }
      return `${run} ${name} ${startedAt}`
    })
    runs.push([run, await Promise.all(times)])
  }
  return Object.fromEntries(runs)
}

test('two checkouts and a nightly at once: no run is taken over, no result is lost', async (t) => {
  const place = await newPlace()
  t.after(place.remove)
  const { v61 } = await fetchKernels()
  const other = await cloneInto(join(place.folder, 'other checkout'))
  const config = join(place.folder, 'nightly.yaml')
  const asked = {
    here: ['prctl-auxv-tail', 'uffd-mmap-changing-atomic', 'uffd-wp-mremap'],
    there: ['memfd-exec-seal', 'uffd-eagain-output', 'uffd-fork-event'],
    night: ['mremap-uffd-merge', 'shm-hugetlb-rss', 'uffd-low-address'],
  }
  await writeFile(config, `kernels: ["${v61}"]\ncases: [${asked.night.join(', ')}]\nrefresh: false\n`)
  const elsewhere = ['sh', '-c', 'shift; exec "$0" "$@"', join(other, 'kwitness')]
  const words = (ids: readonly string[]) => ['run', ...kernelWords(v61), '--cases', ids.join(), '--out', place.out]
  const night = ['nightly', '--config', config]

  const victims: readonly Cli[] = [
    startCli(place, words(asked.here)),
    startCli(place, words(asked.there), elsewhere),
    startCli(place, night),
  ]
  await Promise.all(
    victims.map(async (cli) => {
      await cli.says(/: (?:not-)?reproduced \(/)
      cli.kill('SIGKILL')
      await cli.ended
    }),
  )

  const done = await attemptsIn(place)
  assert.deepEqual(
    Object.values(done).map((attempts) => attempts.length > 0),
    [true, true, true],
    'three runs, each with a result',
  )
  const [here, there, tonight] = await Promise.all([
    runCli(place, ['run', '--resume', '--json']),
    startCli(place, ['run', '--resume', '--json'], elsewhere).ended,
    runCli(place, night),
  ])
  for (const { code, stderr } of [here, there, tonight]) assert.equal(code, 0, stderr)
  const [own, others] = [readReport(here), readReport(there)]

  const listed = JSON.parse((await runCli(place, ['runs', '--json'])).stdout) as {
    id: string
    state?: string
    finishedAt: unknown
  }[]
  assert.equal(listed.length, 3, 'each went on with its own run')
  assert.ok(listed.every(({ finishedAt }) => finishedAt !== null))
  const ofNight = listed.map(({ id }) => id).filter((id) => id !== own.run.id && id !== others.run.id)
  assert.equal(ofNight.length, 1)
  const report = readReport(await runCli(place, ['report', ofNight[0] ?? '', '--json']))
  assert.ok(report.run.complete)
  const kept = Object.values(await attemptsIn(place)).flat()
  assert.deepEqual(
    Object.values(done)
      .flat()
      .filter((attempt) => !kept.includes(attempt)),
    [],
    'what was finished before the kill is there, and was not made again',
  )

  const undisturbed = await runReport({ ...place, state: join(place.folder, 'undisturbed') }, [
    ...kernelWords(v61),
    '--cases',
    Object.values(asked).flat().join(),
  ])
  const found = [own, others, report].map(verdictsOf)
  assert.deepEqual(
    found.map((verdicts) => Object.keys(verdicts).map((key) => key.split('/')[1])),
    Object.values(asked),
    'each has its own cases',
  )
  assert.deepEqual(Object.assign({}, ...found), verdictsOf(undisturbed.report))
})

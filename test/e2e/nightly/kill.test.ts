/**
 * A nightly run that is killed at random moments: the next one ends with the right result, and each change is sent once. The
 * environment variable KILLS says how often.
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { noticeSchema } from '#schema/report/notice.ts'
import { fetchKernels, newPlace, runCli, startCli } from '#test/helpers/cli.ts'

const KILLS = Number(process.env['KILLS'] ?? 2)
const CASES = ['uffd-mmap-changing-atomic', 'uffd-wp-mremap']

test('kill -9 at random moments of a night', async (t) => {
  const place = await newPlace()
  t.after(place.remove)
  const { v61 } = await fetchKernels()
  const [config, told] = [join(place.folder, 'nightly.yaml'), join(place.folder, 'told')]
  const script = `cat | tr -d '\\n' >> ${told}; echo >> ${told}`
  await writeFile(told, '')
  /** Every other night asks for one case more: its result appears, or is gone. */
  const configure = (round: number) =>
    writeFile(
      config,
      [
        `kernels: ["${v61}"]`,
        `cases: [${CASES.slice(0, 1 + (round % 2)).join(', ')}]`,
        'refresh: false',
        'sample: 0',
        // Each night runs its results anew, so that there is something to kill.
        'oldest: 9',
        `site: { folder: site }`,
        `notify: { to: [{ kind: command, command: [sh, -c, ${JSON.stringify(script)}] }] }`,
      ].join('\n'),
    )
  const night = ['nightly', '--config', config]
  await configure(0)
  const started = performance.now()
  const first = await runCli(place, [...night, '--verbose'])
  assert.equal(first.code, 0, first.stderr)
  for (const line of [': case took [\\d.]+ s', ' console \\| Linux version ', ' output \\| ok 1 ']) {
    assert.match(first.stderr, new RegExp(`^${RegExp.escape(v61)} ${CASES[0]}${line}`, 'm'))
  }
  const seconds = (performance.now() - started) / 1000
  const phases: string[] = []
  for (let round = 1; round <= KILLS; round += 1) {
    await configure(round)
    const victim = startCli(place, night)
    // Not a wait for anything: the moment is what is tried.
    const timer = setTimeout(() => victim.kill('SIGKILL'), Math.random() * seconds * 1000)
    const killed = await victim.ended
    clearTimeout(timer)
    const { phase } = JSON.parse(await readFile(join(place.state, 'nightly/nightly/state.json'), 'utf8')) as { phase: string }
    phases.push(killed.signal === null ? 'over' : phase)
    const { code, stderr } = await runCli(place, night)
    assert.equal(code, 0, `round ${round}, killed in ${phases.at(-1)}:\n${killed.stderr}\n${stderr}`)
    const { stdout } = await runCli(place, ['report', '--json'])
    const verdicts = (JSON.parse(stdout) as { cells: { case: string; verdict: string }[] }).cells.map(
      (cell) => `${cell.case} ${cell.verdict}`,
    )
    assert.deepEqual(
      verdicts,
      CASES.slice(0, 1 + (round % 2)).map((id) => `${id} carries`),
    )
  }
  t.diagnostic(`killed in: ${phases.join(', ')}`)
  const notices = (await readFile(told, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => noticeSchema.parse(JSON.parse(line)))
  const changes = notices.map(({ diff }) =>
    diff === null ? 'first' : `${diff.counts.appeared} appeared, ${diff.counts.gone} gone`,
  )
  const expected = Array.from({ length: KILLS }, (_, round) => (round % 2 === 0 ? '1 appeared, 0 gone' : '0 appeared, 1 gone'))
  // Twice only with the same key: killed between the answer of the receiver and the note of it.
  const once = notices.filter(({ key }, at) => notices.findIndex((one) => one.key === key) === at)
  assert.deepEqual(
    once.map((one) => changes[notices.indexOf(one)]),
    ['first', ...expected],
  )
  assert.ok(notices.length - once.length <= phases.filter((phase) => phase === 'send').length)
})

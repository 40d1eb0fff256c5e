/** A kernel file that is replaced by a kernel without a fix: only its column runs, and its one regression is said, once. */
import assert from 'node:assert/strict'
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RunDiff } from '#domain/report/diff.ts'
import { compareVersions } from '#domain/version.ts'
import { fetchKernel, listKernels } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { noticeSchema } from '#schema/report/notice.ts'
import { kernelWords, newPlace, readReport, runCli, verdictsOf } from '#test/helpers/cli.ts'

/** The first one got its fix while 5.10 was maintained; the second one was never broken in these kernels. */
const [LOST, KEPT] = ['uffd-low-address', 'uffd-fork-event'] as const

const place = await newPlace()
const image = join(place.folder, 'bzImage')
let carrying: string
let lacking: string
/** A kernel that nobody replaces. */
let other: string

before(async () => {
  const context = { workspace: findWorkspace() }
  const listed = (await listKernels(context, { selector: 'default' })).filter(({ series }) => series === '5.10.y')
  const ordered = listed.toSorted((a, b) => compareVersions(a.version, b.version))
  const [oldest, newest] = [ordered[0], ordered.at(-1)]
  assert.ok(oldest && newest && oldest !== newest, 'the default set has two kernels of 5.10')
  const images = await Promise.all([oldest, newest].map((kernel) => fetchKernel(kernel, context)))
  ;[lacking, carrying] = images.map(({ bzImage }) => bzImage ?? '') as [string, string]
  other = newest.id
})
after(() => place.remove())

/** The attempts that each run of a state made itself, by its kernel and case, in the order of the runs. */
async function madeIn(state: string): Promise<string[][]> {
  const runs = (await readdir(join(state, 'evidence'))).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  return Promise.all(
    runs.map(async (run) => {
      const made = await readdir(join(state, 'evidence', run))
      return made.map((name) => `${name.startsWith('file-') ? 'file' : 'other'} ${name.split('.').at(-3)}`).toSorted()
    }),
  )
}

test('run --baseline: only the column of the new file runs, one regression is told, the exit code is 1', async () => {
  const own = { ...place, state: join(place.folder, 'runs') }
  const words = [...kernelWords(other, `file:${image}`), '--cases', `${LOST},${KEPT}`, '--out', place.out, '--json']
  await copyFile(carrying, image)
  const first = await runCli(own, ['run', ...words])
  assert.equal(first.code, 0, first.stderr)
  await copyFile(lacking, image)
  const second = await runCli(own, ['run', ...words, '--baseline', 'latest'])
  assert.equal(second.code, 1, second.stderr)
  assert.match(second.stderr, /^kwitness: 2 results reused from earlier runs \(.*\), 2 run;/m)
  const column = [`file ${KEPT}`, `file ${LOST}`]
  assert.deepEqual(await madeIn(own.state), [[...column, `other ${KEPT}`, `other ${LOST}`], column])
  const [was, is] = [readReport(first), readReport(second)].map((report) => Object.values(verdictsOf(report)).toSorted())
  assert.deepEqual(
    [was, is],
    [
      ['carries', 'carries', 'carries', 'carries'],
      ['carries', 'carries', 'carries', 'lacks'],
    ],
  )
  const diff: RunDiff = JSON.parse(await readFile(join(place.out, 'diff.json'), 'utf8'))
  assert.deepEqual(
    diff.entries.map(({ change, case: id }) => `${change} ${id}`),
    [`regressed ${LOST}`],
  )
  assert.equal(diff.counts.same, 3)
  const third = await runCli(own, ['run', ...words, '--baseline', 'latest'])
  assert.equal(third.code, 0, 'a lack that is known is no regression')
  assert.match(third.stderr, /^kwitness: 4 results reused from earlier runs \(.*\), 0 run;/m)
})

test('nightly: the regression is tried again, sent once, and the exit code of that night alone is 1', async () => {
  const own = { ...place, state: join(place.folder, 'nights') }
  const [config, told] = [join(place.folder, 'nightly.yaml'), join(place.folder, 'told')]
  const script = `cat | tr -d '\\n' >> ${told}; echo >> ${told}`
  const settings = [
    `kernels: ["${other}", ${JSON.stringify(`file:${image}`)}]`,
    `cases: [${LOST}, ${KEPT}]`,
    'refresh: false',
    'oldest: 0',
    'sample: 0',
    `notify: { to: [{ kind: command, command: [sh, -c, ${JSON.stringify(script)}] }] }`,
  ]
  await writeFile(config, settings.join('\n'))
  const codes: (number | null)[] = []
  const said: string[] = []
  for (const file of [carrying, lacking, lacking]) {
    await copyFile(file, image)
    const { code, stderr } = await runCli(own, ['nightly', '--config', config])
    codes.push(code)
    said.push(stderr)
  }
  assert.deepEqual(codes, [0, 1, 0], said.join('\n---\n'))
  assert.match(said[1] ?? '', /: 2 kernels x 2 cases, 2 results reused, 2 to be made$/m)
  const column = [`file ${KEPT}`, `file ${LOST}`]
  assert.deepEqual(await madeIn(own.state), [[...column, `other ${KEPT}`, `other ${LOST}`], column, []])
  const lines = (await readFile(told, 'utf8')).trim().split('\n')
  const notices = lines.map((line) => noticeSchema.parse(JSON.parse(line)))
  const changes = notices.map(({ diff }) => diff?.entries.map(({ change, case: id }) => `${change} ${id}`) ?? null)
  assert.deepEqual(changes, [null, [`regressed ${LOST}`]], 'the first night, and the regression; nothing in the third')
})

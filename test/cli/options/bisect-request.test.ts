/** The options of a bisection, and from a boundary of the matrix to both its ends. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { exitCodeOfMark } from '#cli/output/exit-code.ts'
import { parseBisectOptions, releaseTag } from '#cli/options/bisect-request.ts'
import { END_MARKER } from '#console/ktap/reader.ts'
import { UserError } from '#domain/errors.ts'
import { GitBisect } from '#run/bisect/git.ts'
import type { PlanOf } from '#plan/plan.ts'
import { CATALOGUE, readCatalogue } from '#run/prepare/catalogue.ts'
import { openStore } from '#store/index.ts'
import { attemptIn, host, kernel, temporaryFolder } from '#test/helpers/evidence.ts'
import { planCommon } from '#test/plan/plans.ts'

const CASE = 'uffd-fork-event'

/** A git repository with two releases, and a store with a run in which the case flips between them. */
async function place(t: TestContext) {
  const folder = await temporaryFolder(t)
  const tree = join(folder, 'linux')
  const git = (...args: string[]) =>
    runCommand('git', ['-C', tree, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args])
  await runCommand('git', ['init', '--quiet', tree])
  for (const tag of ['v6.1.170', 'v6.1.172']) {
    await git('commit', '--quiet', '--allow-empty', '-m', tag)
    await git('tag', tag)
  }
  const context = { workspace: { cache: join(folder, 'cache'), state: join(folder, 'state') } }
  const read = (options: Parameters<typeof parseBisectOptions>[0], paths: string[] = []) =>
    parseBisectOptions({ tree, ...options }, paths, context)
  return { folder, tree, git, read, context }
}

async function storeFlip(folder: string, state: string): Promise<void> {
  const cases = (await readCatalogue(CATALOGUE)).filter(({ id }) => id === CASE)
  const kernels = ['6.1.170', '6.1.172'].map((version) => ({ ...kernel, id: `debian-${version}`, version, build: version }))
  const plan: PlanOf<'matrix'> = { ...planCommon, kind: 'matrix', kernels, cases }
  const store = await openStore(state)
  try {
    const run = await store.createRun({ startedAt: '2026-01-31T00:00:00.000Z', plan, host })
    for (const [index, { id }] of kernels.entries()) {
      const output = Buffer.from(`KTAP version 1\n1..1\n${index === 0 ? 'not ok' : 'ok'} 1 event\n${END_MARKER}\n`)
      const evidence = await attemptIn(folder, { kernel: id, case: CASE, output })
      const exit = { code: index === 0 ? 1 : 0, signal: null, timedOut: false, seconds: 0.2 }
      await store.recordAttempt(run.id, { ...evidence, ending: { kind: 'exited', exit } }, folder)
    }
    await store.finishRun(run.id, '2026-01-31T00:01:00.000Z')
  } finally {
    store.close()
  }
}

test('a boundary of a stored run gives the case and both ends, by the tags of their releases', async (t) => {
  const { folder, read, context } = await place(t)
  await storeFlip(folder, context.workspace.state)
  const request = await read({ fromBoundary: `${CASE}:6.1.y` })
  assert.deepEqual([request.case.id, request.old.name, request.new.name], [CASE, 'v6.1.170', 'v6.1.172'])
  assert.notEqual(request.old.commit, request.new.commit)
  await assert.rejects(read({ fromBoundary: `${CASE}:5.10.y` }), /no stored run has a boundary/)
  await assert.rejects(read({ fromBoundary: CASE }), UserError)
})

test('a boundary whose tags the repository has not is said to be one, with the tag that is missing', async (t) => {
  const { folder, read, context, git } = await place(t)
  await storeFlip(folder, context.workspace.state)
  await git('tag', '--delete', 'v6.1.172')
  await assert.rejects(read({ fromBoundary: `${CASE}:6.1` }), /has no commit v6\.1\.172/)
})

test('ends, paths, terms and fragments come through; what is missing or no word is a UserError', async (t) => {
  const { read } = await place(t)
  const ends = { cases: [CASE], old: 'v6.1.170', new: 'v6.1.172' }
  const request = await read({ ...ends, termNew: 'fixed', config: ['kasan'], firstParent: true }, ['mm', 'fs'])
  assert.deepEqual([request.paths, request.terms, request.configs], [['mm', 'fs'], { old: 'old', new: 'fixed' }, ['kasan']])
  assert.equal(request.firstParent, true)
  await assert.rejects(read({ cases: [CASE], old: 'v6.1.170' }), UserError)
  await assert.rejects(read({ old: ends.old, new: ends.new }), { name: 'UserError', message: 'no case is named' })
  await assert.rejects(read({ ...ends, cases: ['uffd-*'] }), UserError)
  await assert.rejects(read({ ...ends, termOld: '--all' }), UserError)
  await assert.rejects(read({ ...ends, termNew: 'old' }), UserError)
  await assert.rejects(read({ ...ends, new: '-x' }), UserError)
})

test('a git bisect log brings ends, terms, paths and what else it marked', async (t) => {
  const { folder, tree, git, read } = await place(t)
  for (const number of [1, 2, 3, 4, 5, 6, 7, 8]) await git('commit', '--quiet', '--allow-empty', '-m', `commit ${number}`)
  const commit = async (name: string) => (await git('rev-parse', name)).stdout
  const [second, skipped, nearest, last] = await Promise.all(['HEAD~6', 'HEAD~4', 'HEAD~5', 'HEAD'].map(commit))
  await git('bisect', 'start', '--term-new=broken', '--term-old=fine', 'HEAD', 'HEAD~8')
  await git('bisect', 'skip', skipped ?? '')
  await git('bisect', 'fine', second ?? '')
  await git('bisect', 'fine', nearest ?? '')
  const file = join(folder, 'log')
  await writeFile(file, `${(await git('bisect', 'log')).stdout}\n`)
  await git('bisect', 'reset')
  const request = await read({ cases: [CASE], replay: file })
  assert.deepEqual([request.old.commit, request.new.commit], [nearest, last])
  assert.deepEqual(request.knownMarks, { old: [], skip: [skipped] })
  assert.deepEqual(request.terms, { old: 'fine', new: 'broken' })
  const own = await GitBisect.start(join(folder, 'own'), { ...request, tree, old: nearest ?? '', new: last ?? '' })
  assert.match(await own.log(), new RegExp(`^git bisect skip ${skipped}$`, 'm'))
  assert.equal((await own.candidates()).length, 5)
  await assert.rejects(read({ cases: [CASE], replay: file }, ['mm']), /brings its own paths/)
  await assert.rejects(read({ cases: [CASE], replay: join(folder, 'none') }), /ENOENT/)
})

test('the tag of a release, a candidate included', () => {
  assert.deepEqual(
    ['5.10.223', '7.3', '7.3~rc7'].map((version) => releaseTag({ version })),
    ['v5.10.223', 'v7.3', 'v7.3-rc7'],
  )
})

test('git bisect run is told old, new, or that nothing can be told', () => {
  assert.deepEqual((['old', 'new', 'skip'] as const).map(exitCodeOfMark), [0, 1, 125])
})

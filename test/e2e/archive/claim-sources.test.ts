/** The claim sources of a run: fetched from an archive of the test, stored, and the same when the archive is gone. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { KernelContext } from '#harness/kernels/index.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { runCommand } from '#harness/support/process.ts'
import type { PlanOf } from '#plan/plan.ts'
import { renderJson } from '#render/json.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { fetchClaimSources, type ClaimSourceRequest } from '#run/report/fetch-claim-sources.ts'
import { openDatabase } from '#store/database.ts'
import { openStore } from '#store/index.ts'
import { NEEDS_ARCHIVE as options, NEW_ID, OLD_ID } from '#test/helpers/kernels/archive-caches.ts'
import { OLD, serveRepository } from '#test/helpers/kernels/debian-archive.ts'
import { planCommon } from '#test/plan/plans.ts'
import { sampleCase } from '#test/helpers/judging.ts'
import { host, temporaryFolder } from '#test/helpers/evidence.ts'

/** A fix that the changelog of the old kernel lists, and no case.json claims. */
const CASE = sampleCase('one', {
  fixes: [{ commit: '0123456789ab', subject: `mm: brought by ${OLD.build}`, fixes: [], cve: [] }],
  claim: { mainline: '5.95', stable: {}, subjects: [], source: 'case.json' },
})

async function given(t: TestContext) {
  const repository = await serveRepository(t)
  const [cache, state] = [await temporaryFolder(t), await temporaryFolder(t)]
  const kernels: KernelContext = { workspace: { cache, state }, mirror: repository.mirror, keyring: repository.keyring }
  const chosen = await selectKernels([OLD_ID, NEW_ID], kernels)
  await Promise.all(chosen.map((kernel) => fetchKernel(kernel, kernels)))
  const plan: PlanOf<'matrix'> = { ...planCommon, kind: 'matrix', kernels: chosen, cases: [CASE] }
  const store = await openStore(state)
  t.after(() => store.close())
  const run = await store.createRun({ startedAt: '2026-11-21T10:00:00.000Z', plan, host })
  const request: ClaimSourceRequest = { plan, run: run.id, store, kernels }
  const report = async () => buildRunReport(store, await store.readRun(run.id))
  const claims = async () => (await report()).report.cells.map(({ claim, claimSource }) => [claim, claimSource] as const)
  return { repository, cache, state, store, run: run.id, request, report, claims }
}

const SAYS = `Debian changelog: linux (${OLD.build}), "mm: brought by ${OLD.build}"`

test('what is kept makes the same report again, byte for byte, with the archive and the cache gone', options, async (t) => {
  const { repository, cache, request, report, claims } = await given(t)
  assert.deepEqual((await claims())[0], ['not-listed', 'in mainline since 5.95, not listed for 5.90.y (case.json)'])
  await fetchClaimSources(request)
  assert.deepEqual(await claims(), [
    ['listed', SAYS],
    ['listed', 'in mainline since 5.95 (case.json)'],
  ])
  const before = renderJson((await report()).report)
  await repository.close()
  await rm(cache, { recursive: true })
  assert.equal(renderJson((await report()).report), before)
  await fetchClaimSources(request)
  assert.equal(renderJson((await report()).report), before, 'a resumed run keeps its claim sources')
})

test('of an unavailable changelog the reason is stored, and a resumed run fetches it', options, async (t) => {
  const { repository, cache, request, claims } = await given(t)
  await Promise.all(['changelogs', 'debs'].map((name) => rm(join(cache, name), { recursive: true })))
  repository.corrupt('.deb')
  await fetchClaimSources(request)
  const [old] = await claims()
  assert.equal(old?.[0], 'unknown')
  assert.match(old?.[1] ?? '', /^no changelog: .* is not the file the signed index lists .*; in mainline since 5\.95/)
  repository.corrupt(null)
  await fetchClaimSources(request)
  assert.deepEqual((await claims())[0], ['listed', SAYS])
})

test('a stored changelog that was changed is reported as a problem, and claims nothing', options, async (t) => {
  const { state, request, report } = await given(t)
  await fetchClaimSources(request)
  const database = openDatabase(join(state, 'store.sqlite'), { readOnly: false })
  assert.ok(database.run("UPDATE changelogs SET zstd = x'00'") > 0)
  database.close()
  const damaged = await report()
  assert.deepEqual(
    damaged.problems.map(({ message }) => message),
    Array(2).fill('missing or not as it was stored'),
  )
  assert.match(damaged.report.cells[0]?.claimSource ?? '', /^no changelog: the stored copy is damaged; /)
})

test('a folder that is not a git tree is a UserError; a tree with the tag comes before all other sources', options, async (t) => {
  const { cache, store, run, request, claims } = await given(t)
  await assert.rejects(fetchClaimSources({ ...request, gitTree: join(cache, 'nowhere') }), { name: 'UserError' })
  const tree = await temporaryFolder(t)
  const git = (...args: string[]) =>
    runCommand('git', ['-C', tree, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args])
  await git('init', '--quiet')
  await git('commit', '--quiet', '--allow-empty', '-m', 'Linux 5.90.7')
  await git('tag', 'v5.90.7')
  await fetchClaimSources({ ...request, gitTree: tree })
  assert.equal((await store.claimSourcesOf(run)).length, 2)
  const said = await claims()
  assert.deepEqual(said[0], ['not-listed', 'git: neither 0123456789ab nor a backport of it is in the history of v5.90.7'])
  assert.equal(said[1]?.[0], 'listed', 'the tree has no tag of the other kernel')
})

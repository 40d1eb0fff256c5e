/** Whether an upstream commit applies to a release, by a real git tree that is not written to. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Gap, GapReport } from '#domain/report/gaps.ts'
import { tryPatches } from '#run/gaps/apply.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'
import { GAP } from '#test/helpers/reports/gaps.ts'

test('a commit applies, does not apply, or cannot be asked', async (t) => {
  const tree = await temporaryFolder(t)
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', tree, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { encoding: 'utf8' }).trim()
  const commit = async (text: string): Promise<string> => {
    await writeFile(join(tree, 'file.c'), text)
    git('add', 'file.c')
    git('commit', '-qm', 'a change')
    return git('rev-parse', 'HEAD')
  }
  const lines = (changed: Readonly<Record<number, string>>) =>
    Array.from({ length: 40 }, (_, at) => `${changed[at] ?? `line ${at}`}\n`).join('')
  git('init', '-q')
  await commit(lines({ 30: 'other' }))
  git('tag', 'v6.1.1')
  await commit(lines({}))
  const easy = await commit(lines({ 5: 'fixed' }))
  const hard = await commit(lines({ 5: 'fixed', 30: 'fixed too' }))
  const before = await readdir(join(tree, '.git'))
  const gaps: Gap[] = [
    { ...GAP, commits: [easy] },
    { ...GAP, commits: [hard] },
    { ...GAP, commits: [easy], version: '6.1.2' },
    { ...GAP, commits: ['0123456789ab'] },
    { ...GAP, commits: [easy, hard] },
    GAP,
  ]
  const report: GapReport = { schema: 'kwitness.gaps/1', run: { id: 'r', startedAt: '2026-11-02T00:00:00Z' }, kernels: [], gaps }
  const answers = (await tryPatches(report, tree)).gaps.map(({ patch }) => patch)
  const short = (hash: string) => hash.slice(0, 12)
  assert.deepEqual(answers, [
    { applies: true, summary: `${short(easy)} applies to v6.1.1 unchanged` },
    { applies: false, summary: `${short(hard)} does not apply to v6.1.1: file.c` },
    { unavailable: 'the git tree has no tag v6.1.2' },
    { unavailable: 'the git tree does not have 0123456789ab' },
    { unavailable: 'the case names 2 commits: kwitness verify tries a series' },
    { unavailable: 'the case names no commit' },
  ])
  assert.deepEqual(await readdir(join(tree, '.git')), before)
  assert.equal(git('status', '--porcelain'), '')
})

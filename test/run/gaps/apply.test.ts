/** Whether an upstream commit applies to a release, by a real git tree that is not written to. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Gap, GapReport } from '#domain/report/gaps.ts'
import { tryPatches } from '#run/gaps/apply.ts'
import { formatPatches } from '#run/verify/git-history.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'
import { GAP } from '#test/helpers/reports/gaps.ts'

/** A tree with file.c as each of some texts, and the hash of each commit; the first is the release. */
async function treeOf(t: TestContext, texts: readonly string[]) {
  const tree = await temporaryFolder(t)
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', tree, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { encoding: 'utf8' }).trim()
  git('init', '-q')
  const commits: string[] = []
  for (const text of texts) {
    await writeFile(join(tree, 'file.c'), text)
    git('add', 'file.c')
    git('commit', '-qm', 'a change')
    commits.push(git('rev-parse', 'HEAD'))
  }
  git('tag', 'v6.1.1', commits[0] ?? '')
  return { tree, git, commits }
}

const reportOf = (gaps: readonly Gap[]): GapReport => ({
  schema: 'kwitness.gaps/1',
  run: { id: 'r', startedAt: '2026-11-02T00:00:00Z' },
  kernels: [],
  gaps,
})

const patches = async (gaps: readonly Gap[], tree: string) =>
  (await tryPatches(reportOf(gaps), tree)).gaps.map(({ patch }) => patch)

const short = (hash: string) => hash.slice(0, 12)

const lines = (changed: Readonly<Record<number, string>>) =>
  Array.from({ length: 40 }, (_, at) => `${changed[at] ?? `line ${at}`}\n`).join('')

test('a commit applies, does not apply, or cannot be asked', async (t) => {
  const texts = [{ 30: 'other' }, {}, { 5: 'fixed' }, { 5: 'fixed', 30: 'fixed too' }].map(lines)
  const { tree, git, commits } = await treeOf(t, texts)
  const [, , easy = '', hard = ''] = commits
  const before = await readdir(join(tree, '.git'))
  const gaps: Gap[] = [
    { ...GAP, commits: [easy] },
    { ...GAP, commits: [hard] },
    { ...GAP, commits: [easy], version: '6.1.2' },
    { ...GAP, commits: ['0123456789ab'] },
    { ...GAP, commits: [easy, hard] },
    GAP,
  ]
  assert.deepEqual(await patches(gaps, tree), [
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

test('no configuration or attribute of the tree decides whether a commit applies', async (t) => {
  // The release has other white space beside the change, so that only a git that ignores white space applies the commit.
  const spaced = await treeOf(t, [{ 4: 'line    4' }, {}, { 5: 'fixed' }].map(lines))
  // The commit adds white space that git can be told to refuse.
  const trailing = await treeOf(t, [{}, { 5: 'fixed  ' }].map(lines))
  const configured: readonly (readonly [string, string])[] = [
    ['apply.ignoreWhitespace', 'change'],
    ['apply.whitespace', 'error'],
    ['apply.whitespace', 'fix'],
    ['core.splitIndex', 'true'],
  ]
  for (const [key, value] of [['user.name', 'nobody'], ...configured] as const) {
    for (const { tree, git, commits } of [spaced, trailing]) {
      await writeFile(join(tree, '.git', 'info', 'attributes'), '*.c text eol=crlf -diff whitespace=trailing-space\n')
      git('config', key, value)
      const fix = commits.at(-1) ?? ''
      const before = await readdir(join(tree, '.git'))
      const [answer] = await patches([{ ...GAP, commits: [fix] }], tree)
      const expected =
        tree === trailing.tree
          ? { applies: true, summary: `${short(fix)} applies to v6.1.1 unchanged` }
          : { applies: false, summary: `${short(fix)} does not apply to v6.1.1: file.c` }
      assert.deepEqual(answer, expected, `${key}=${value}`)
      assert.deepEqual(await readdir(join(tree, '.git')), before, `${key}=${value}`)
      git('config', '--unset', key)
    }
  }
})

test('a release of which git lacks a file cannot be asked', async (t) => {
  const { tree, git, commits } = await treeOf(t, [{ 30: 'other' }, {}, { 5: 'fixed' }].map(lines))
  git('config', 'uploadpack.allowFilter', 'true')
  const folder = await temporaryFolder(t)
  const [clone, fix = ''] = [join(folder, 'clone'), commits.at(-1)]
  execFileSync('git', ['clone', '-q', '--no-checkout', '--filter=blob:none', `file://${tree}`, clone])
  // The clone has the files of the fix, and then no origin any more.
  assert.ok(await formatPatches(clone, fix))
  await rename(join(tree, '.git'), join(tree, 'away'))
  const [answer] = await patches([{ ...GAP, commits: [fix] }], clone)
  assert.match(answer && 'unavailable' in answer ? answer.unavailable : '', /^git cannot try it: ./)
})

test('a TMPDIR that is not there is named as such', async (t) => {
  const before = process.env['TMPDIR']
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  process.env['TMPDIR'] = '/nowhere'
  await assert.rejects(tryPatches(reportOf([]), '/'), { name: 'InfraError', message: /\/nowhere/, hint: /TMPDIR/ })
})

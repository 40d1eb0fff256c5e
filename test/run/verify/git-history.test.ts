/** On a small git repository of the test's own: mainline, and a stable branch that lacks some of it. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { readPatches } from '#harness/patches/read.ts'
import type { PatchTry } from '#domain/report/verify.ts'
import { resolveCommit } from '#run/bisect/git.ts'
import { applySeries } from '#run/verify/apply-patch.ts'
import { formatPatches, isGitTree, withPrerequisites } from '#run/verify/git-history.ts'

const lines = (changes: Readonly<Record<number, string>>) =>
  `${Array.from({ length: 40 }, (_, index) => changes[index + 1] ?? `line ${index + 1};`).join('\n')}\n`

async function repository(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-history-'))
  t.after(() => rm(folder, { recursive: true }))
  const tree = join(folder, 'linux')
  const git = async (...args: readonly string[]) => {
    const as = ['user.name=T', 'user.email=t@example.org', 'commit.gpgsign=false'].flatMap((one) => ['-c', one])
    return (await runCommand('git', [...as, '-C', tree, ...args])).stdout.trim()
  }
  await runCommand('git', ['-c', 'init.defaultBranch=main', 'init', '-q', tree])
  const commit = async (subject: string, file: string, changes: Readonly<Record<number, string>>) => {
    await writeFile(join(tree, file), lines(changes))
    await git('add', '-A')
    await git('commit', '-q', '-m', subject)
    return git('rev-parse', 'HEAD')
  }
  return { folder, tree, git, commit }
}

/** The patches that format-patch gives of a revision. */
async function patchesOf(tree: string, revision: string, folder: string) {
  const text = Buffer.from((await formatPatches(tree, revision)) ?? '', 'latin1')
  return (await readPatches(text, revision, join(folder, 'cache'))).patches
}

async function rejectedOn(t: TestContext) {
  const { folder, tree, git, commit } = await repository(t)
  const base = await commit('start', 'x.c', {})
  await git('branch', 'stable')
  const wanted = await commit('prepare the lines', 'x.c', { 20: 'prepared line;' })
  await commit('far away', 'x.c', { 3: 'far away;', 20: 'prepared line;' })
  await commit('elsewhere', 'y.c', {})
  const backported = await commit('backported to stable', 'x.c', { 3: 'far away;', 20: 'prepared line;', 22: 'ported line;' })
  const fix = await commit('the fix', 'x.c', { 3: 'far away;', 20: 'fixed line;', 22: 'ported line;' })
  await git('checkout', '-q', 'stable')
  await commit('backported to stable', 'x.c', { 22: 'ported line;' })
  const [patch] = await patchesOf(tree, fix, folder)
  assert.ok(patch)
  const { tries } = await applySeries(tree, [{ ...patch, name: 'fix' }], join(folder, 'scratch'))
  return { folder, tree, git, tries, base, wanted, backported, fix }
}

test('the commits a rejected hunk waits for are named, but for what the base has under another hash', async (t) => {
  const { tree, tries, wanted } = await rejectedOn(t)
  assert.equal(tries[0]?.result, 'with-conflicts')
  const [completed] = await withPrerequisites(tries, tree, 'stable')
  assert.deepEqual(
    completed?.hunks.map(({ prerequisites }) => prerequisites),
    [[{ hash: wanted, subject: 'prepare the lines' }]],
  )
})

test('a history that does not have the patch says nothing, which is not the same as no commit', async (t) => {
  const { tree, tries } = await rejectedOn(t)
  const stranger = tries.map((one): PatchTry => ({ ...one, commits: ['f'.repeat(40)] }))
  assert.equal((await withPrerequisites(stranger, tree, 'stable'))[0]?.hunks[0]?.prerequisites, null)
  const [completed] = await withPrerequisites(tries, tree, 'main')
  assert.deepEqual(completed?.hunks[0]?.prerequisites, [])
})

test('no configuration hides the commits that a hunk waits for, and settings that git refuses are named', async (t) => {
  const { folder, tree, git, tries, wanted, fix } = await rejectedOn(t)
  const config = join(tree, '.git', 'config')
  const plain = await readFile(config, 'utf8')
  const found = async () =>
    (await withPrerequisites(tries, tree, 'stable'))[0]?.hunks.map(({ prerequisites }) => prerequisites?.map(({ hash }) => hash))
  for (const [name, value] of [
    ['core.worktree', folder],
    ['diff.algorithm', 'nonsense'],
    ['diff.context', '-1'],
    ['log.date', 'nonsense'],
    ['color.ui', 'nonsense'],
  ] as const) {
    await git('config', name, value)
    assert.deepEqual(await found(), [[wanted]], name)
    await writeFile(config, plain)
  }
  for (const refused of ['[core]\n\tabbrev = 1\n', '[core]\n\tcompression = 99\n', '[core\n']) {
    await writeFile(config, refused)
    const expected = { name: 'UserError', message: new RegExp(`^git cannot read ${tree}: fatal: bad `) }
    await assert.rejects(isGitTree(tree), expected, refused)
    await assert.rejects(formatPatches(tree, fix), expected, refused)
    await assert.rejects(resolveCommit(tree, 'main'), expected, refused)
  }
})

test('a commit and a range become mbox text; a word that is not a revision of the tree, or an option, null', async (t) => {
  const { folder, tree, base, fix } = await rejectedOn(t)
  assert.equal((await patchesOf(tree, fix, folder))[0]?.subject, 'the fix')
  assert.equal((await patchesOf(tree, `${base}..main`, folder)).length, 5)
  assert.deepEqual([await formatPatches(tree, 'nowhere'), await formatPatches(tree, '--output=x')], [null, null])
  assert.deepEqual([await isGitTree(tree), await isGitTree(join(tree, '..'))], [true, false])
})

/** Real git does the bisecting: whichever commits are untestable, the answer is right or names all it may be. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { runCommand } from '#harness/support/process.ts'
import { markOf, stepsFor } from '#analysis/bisect/report.ts'
import type { Answer } from '#domain/report/bisect.ts'
import { UserError } from '#domain/errors.ts'
import { describeCommit, GitBisect, resolveCommit, type GitRange } from '#run/bisect/git.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const TERMS = { old: 'old', new: 'new' }

/** A repository with `count` commits in a row; those with an even number touch a/, the others b/. */
async function history(t: TestContext, count: number) {
  const folder = await temporaryFolder(t)
  const tree = join(folder, 'user')
  await runCommand('git', ['init', '--quiet', tree])
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
  const commits = Array.from({ length: count + 1 }, (_, index) => {
    const subject = `commit ${index}\n\nFixes: 123456789abc ("what\nSigned-off-by: A <a@example.org>`
    const file = `M 100644 inline ${index % 2 === 0 ? 'a' : 'b'}/file\n${data(String(index))}`
    return `commit refs/heads/main\ncommitter A <a@example.org> ${1_600_000_000 + index} +0000\n${data(subject)}${file}\n`
  })
  await runCommand('git', ['-C', tree, 'fast-import', '--quiet'], { input: commits.join('') })
  const { stdout } = await runCommand('git', ['-C', tree, 'rev-list', '--reverse', 'main'])
  const hashes = stdout.trim().split('\n')
  const ends = { old: hashes[0] ?? '', new: hashes.at(-1) ?? '' }
  const range: GitRange = { tree, ...ends, paths: [], firstParent: false, terms: TERMS, knownMarks: { old: [], skip: [] } }
  return { tree, hashes, range, own: join(folder, 'own') }
}

/** Bisect with commits that answer by their number. Returns the end and the numbers of the tested commits. */
async function drive(own: string, range: GitRange, hashes: readonly string[], answer: (index: number) => Answer) {
  const git = await GitBisect.start(own, range)
  const tested: number[] = []
  for (;;) {
    const at = await git.state()
    if (at.kind !== 'next') return { end: at, tested, log: await git.log() }
    const index = hashes.indexOf(at.commit)
    assert.ok(!tested.includes(index), `commit ${index} is tested twice`)
    tested.push(index)
    await git.mark(markOf(answer(index), 'bug'), at.commit)
  }
}

test('the commit is found in log2 steps, and the log is one that git replays', async (t) => {
  const { tree, hashes, range, own } = await history(t, 64)
  const { end, tested, log } = await drive(own, range, hashes, (index) => (index >= 20 ? 'shows-bug' : 'no-bug'))
  assert.deepEqual(end, { kind: 'found', commit: hashes[20] })
  assert.equal(tested.length, stepsFor(64))
  await runCommand('git', ['-C', tree, 'checkout', '--quiet', 'main'])
  await writeFile(join(tree, '..', 'log'), `${log}\n`)
  const { stdout } = await runCommand('git', ['-C', tree, 'bisect', 'replay', join('..', 'log')])
  assert.match(stdout, new RegExp(`^${hashes[20]} is the first new commit$`, 'm'))
})

test('wherever the commit is and whichever answer nothing: it is found, or among those named', async (t) => {
  const { hashes, range, own } = await history(t, 20)
  const untestable = fc.uniqueArray(fc.integer({ min: 1, max: 19 }), { maxLength: 4 })
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 20 }), untestable, async (culprit, dumb) => {
    const answer = (index: number): Answer => (dumb.includes(index) ? 'crashed' : index >= culprit ? 'shows-bug' : 'no-bug')
    const { end, tested } = await drive(own, range, hashes, answer)
    const possible = end.kind === 'found' ? [end.commit] : end.commits
    assert.ok(possible.includes(hashes[culprit] ?? ''), `${culprit} beside ${dumb}: ${JSON.stringify(end)}`)
    const isHidden = dumb.includes(culprit) || dumb.includes(culprit - 1)
    assert.equal(end.kind, isHidden ? 'one-of' : 'found')
    const skips = tested.filter((index) => dumb.includes(index)).length
    assert.ok(tested.length <= stepsFor(20) + skips, `${tested.length} steps, ${skips} of them skips`)
  })
  await fc.assert(property, { numRuns: 5 })
})

test('paths leave out commits that do not touch them; terms are those of the request', async (t) => {
  const { hashes, range, own } = await history(t, 16)
  const wanted = { ...range, paths: ['a'], terms: { old: 'sound', new: 'hurt' } }
  const { end, tested, log } = await drive(own, wanted, hashes, (index) => (index >= 6 ? 'shows-bug' : 'no-bug'))
  assert.deepEqual(end, { kind: 'found', commit: hashes[6] })
  assert.deepEqual(
    tested.filter((index) => index % 2 !== 0),
    [],
  )
  assert.match(log, new RegExp(`^git bisect hurt ${hashes[6]}$`, 'm'))
})

test('the repository of the user stays as it is, and its words are not taken for options', async (t) => {
  const { tree, hashes, range, own } = await history(t, 8)
  const look = async () => (await runCommand('sh', ['-c', 'cd "$0" && find . -type f | sort | xargs sha256sum', tree])).stdout
  const before = await look()
  await drive(own, range, hashes, (index) => (index >= 3 ? 'shows-bug' : 'no-bug'))
  assert.equal(await look(), before)
  await assert.rejects(resolveCommit(tree, '--all'), UserError)
  await assert.rejects(resolveCommit(tree, 'no-such'), UserError)
  assert.deepEqual(await resolveCommit(tree, 'main~2'), { name: 'main~2', commit: hashes[6] })
  const { subject, trailers } = await describeCommit(tree, hashes[6] ?? '')
  assert.equal(subject, 'commit 6')
  assert.equal(trailers.at(-1), 'Signed-off-by: A <a@example.org>')
})

test('ends that are not on one history are a UserError with the words of git', async (t) => {
  const { range, own } = await history(t, 4)
  await assert.rejects(GitBisect.start(own, { ...range, old: range.new, new: range.old }), UserError)
})

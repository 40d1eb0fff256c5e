import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { applySeries, type NamedPatch } from '#run/verify/apply-patch.ts'

const LINES = Array.from({ length: 40 }, (_, index) => `line number ${index + 1};`)

/** A source with mm/x.c, and the empty folder for copies. */
async function source(t: TestContext, lines: readonly string[] = LINES) {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-apply-'))
  t.after(() => rm(folder, { recursive: true }))
  const [tree, scratch] = [join(folder, 'tree'), join(folder, 'scratch')]
  await mkdir(join(tree, 'mm'), { recursive: true })
  await mkdir(scratch)
  await writeFile(join(tree, 'mm', 'x.c'), `${lines.join('\n')}\n`)
  return { tree, scratch }
}

/** A patch that makes line `at` of mm/x.c, in LINES, into `to`. */
function patch(at: number, to: string, options: { context?: readonly string[]; from?: string } = {}): NamedPatch {
  const context = options.context ?? LINES
  const around = (from: number, end: number) =>
    context
      .slice(from - 1, end)
      .map((line) => ` ${line}\n`)
      .join('')
  const from = options.from ?? LINES[at - 1]
  const hunk = `@@ -${at - 3},7 +${at - 3},7 @@ f(void)\n${around(at - 3, at - 1)}-${from}\n+${to}\n${around(at + 1, at + 3)}`
  return { name: `at-${at}`, subject: `line ${at}`, commits: [], text: `Why.\n\n--- a/mm/x.c\n+++ b/mm/x.c\n${hunk}` }
}

test('a patch that fits applies cleanly, at an offset too, and the source stays as it is', async (t) => {
  const { tree, scratch } = await source(t, ['new', 'lines', ...LINES])
  const { tries, exactPatch } = await applySeries(tree, [patch(10, 'changed line;')], scratch)
  assert.deepEqual(
    tries.map(({ result, hunks }) => [result, hunks[0]?.offset, hunks[0]?.heading]),
    [['cleanly', 2, 'f(void)']],
  )
  assert.match(await exactPatch(1), /^--- a\/mm\/x\.c\n\+\+\+ b\/mm\/x\.c\n@@ -9,7 /m)
  assert.ok((await readFile(join(tree, 'mm', 'x.c'), 'utf8')).includes('line number 10;'))
})

test('with fuzz the exact patch for the source comes out of it, and fits without', async (t) => {
  const other = LINES.map((line, index) => (index === 6 ? 'other context;' : line))
  const { tree, scratch } = await source(t, other)
  const first = await applySeries(tree, [patch(10, 'changed line;')], scratch)
  assert.deepEqual(
    first.tries.map(({ result, hunks }) => [result, hunks[0]?.fuzz]),
    [['with-fuzz', 1]],
  )
  const exact = { ...patch(10, ''), text: await first.exactPatch(1) }
  await rm(scratch, { recursive: true })
  assert.equal((await applySeries(tree, [exact], scratch)).tries[0]?.result, 'cleanly')
})

test('a patch that is applied already is distinguished from one that only looks so', async (t) => {
  const changed = LINES.map((line, index) => (index === 9 ? 'changed line;' : line))
  const exact = await source(t, changed)
  const one = await applySeries(exact.tree, [patch(10, 'changed line;')], exact.scratch)
  assert.deepEqual(
    one.tries.map(({ result, hunks }) => [result, hunks[0]?.state]),
    [['already-applied', 'already-present']],
  )
  const moved = await source(t, [...changed.slice(30), 'else;', '\tchanged line;', 'then;'])
  const form = await applySeries(moved.tree, [patch(10, 'changed line;')], moved.scratch)
  assert.equal(form.tries[0]?.result, 'already-in-other-form')
  assert.equal(await form.exactPatch(1), '')
})

test('what does not fit is named hunk by hunk, and nothing behind it is tried', async (t) => {
  const { tree, scratch } = await source(t)
  const bad = patch(20, 'x;', { from: 'never there;' })
  const both = { ...bad, text: `${patch(10, 'good line;').text}${bad.text.slice(bad.text.indexOf('@@'))}` }
  const { tries } = await applySeries(tree, [both, patch(30, 'y;')], scratch)
  assert.equal(tries.length, 1)
  assert.deepEqual(
    tries[0]?.hunks.map(({ file, hunk, line, lines, state }) => [file, hunk, line, lines, state]),
    [
      ['mm/x.c', 1, 7, 7, 'applied'],
      ['mm/x.c', 2, 17, 7, 'rejected'],
    ],
  )
  assert.equal(tries[0]?.result, 'with-conflicts')
})

test('a file that is not there, and one that would be made and is', async (t) => {
  const { tree, scratch } = await source(t)
  const gone = { ...patch(10, 'z;'), text: patch(10, 'z;').text.replaceAll('mm/x.c', 'mm/gone.c') }
  const { tries } = await applySeries(tree, [gone], scratch)
  const hunks = tries[0]?.hunks.map(({ state, why, file }) => [file, state, why])
  assert.deepEqual(hunks, [['mm/gone.c', 'rejected', 'the file does not exist']])
  const made = { ...gone, text: '--- /dev/null\n+++ b/mm/x.c\n@@ -0,0 +1 @@\n+int other_thing;\n' }
  await rm(scratch, { recursive: true })
  assert.equal((await applySeries(tree, [made], scratch)).tries[0]?.result, 'with-conflicts')
})

test('a series is applied one on the other; the exact patch of all is one', async (t) => {
  const { tree, scratch } = await source(t)
  const then = patch(10, 'last line;', { from: 'first line;' })
  const make = { ...then, text: '--- /dev/null\n+++ b/mm/new.c\n@@ -0,0 +1 @@\n+int new_thing;\n' }
  const { tries, exactPatch } = await applySeries(tree, [patch(10, 'first line;'), then, make], scratch)
  assert.deepEqual(
    tries.map(({ result }) => result),
    ['cleanly', 'cleanly', 'cleanly'],
  )
  assert.match(await exactPatch(1), /\+first line;/)
  const all = await exactPatch(3)
  assert.ok(!all.includes('first line;') && all.includes('+last line;') && all.includes('--- /dev/null\n+++ b/mm/new.c'))
})

test('a patch that cannot be read is the mistake of who gave it, one that leaves the tree is not followed', async (t) => {
  const { tree, scratch } = await source(t)
  const broken = { ...patch(10, 'x;'), text: '--- a/mm/x.c\n+++ b/mm/x.c\n@@ -1,3 +1,3 @@\n a\n' }
  await assert.rejects(applySeries(tree, [broken], scratch), { name: 'UserError', message: /at-10 cannot be read: / })
  const outside = { ...patch(10, 'x;'), text: '--- a/../../out.c\n+++ b/../../out.c\n@@ -0,0 +1 @@\n+int x;\n' }
  const { tries } = await applySeries(tree, [outside], join(scratch, 'again'))
  assert.equal(tries[0]?.result, 'with-conflicts')
})

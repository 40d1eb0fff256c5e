import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { blocksOf, fileOf, isThere, parseDiff, touchedFiles } from '#analysis/patch/diff.ts'

const PATCH = `Words about it.

 mm/x.c | 2 +-

diff --git a/mm/x.c b/mm/x.c
index 111..222 100644
--- a/mm/x.c
+++ b/mm/x.c\t2026-01-01
@@ -10,4 +10,4 @@ static int f(void)
 	one();

-	two();
+	three();
 	four();
@@ -30 +30,2 @@
-a
+b
+c
\\ No newline at end of file
diff --git a/mm/new.c b/mm/new.c
new file mode 100644
--- /dev/null
+++ b/mm/new.c
@@ -0,0 +1 @@
+int new_thing;
diff --git a/old.c b/moved.c
similarity index 100%
rename from old.c
rename to moved.c
--
2.40.0
`

test('files and hunks of a patch are read, words around them are not', () => {
  const files = parseDiff(PATCH)
  assert.deepEqual(files.map(fileOf), ['mm/x.c', 'mm/new.c'])
  assert.equal(files[1]?.before, null)
  const [first, second] = files[0]?.hunks ?? []
  assert.deepEqual(first?.lines, [' \tone();', ' ', '-\ttwo();', '+\tthree();', ' \tfour();'])
  assert.deepEqual([first?.oldStart, first?.oldCount, first?.heading], [10, 4, 'static int f(void)'])
  assert.deepEqual([second?.oldCount, second?.newCount, second?.lines], [1, 2, ['-a', '+b', '+c']])
  assert.deepEqual(touchedFiles(PATCH), ['mm/x.c', 'mm/new.c', 'old.c', 'moved.c'])
})

test('lines that are added together are one block', () => {
  assert.deepEqual(blocksOf({ lines: ['+a', '+b', ' c', '+d', '-e'] }, '+'), [['a', 'b'], ['d']])
})

test('what a hunk does is there when its additions stand together and its removals do not', () => {
  const hunk = parseDiff(PATCH)[0]?.hunks[0]
  assert.ok(hunk)
  assert.equal(isThere(hunk, 'else\n    three();\nend\n'), true, 'in other form: blanks and surroundings do not count')
  assert.equal(isThere(hunk, 'if (x) three\n\t(\n);\n'), true, 'nor do line breaks')
  assert.equal(isThere(hunk, 'thirtythree();\n'), false, 'a word is a whole word')
  assert.equal(isThere(hunk, 'one();\ntwo();\n'), false)
  assert.equal(isThere(hunk, 'two();\nthree();\n'), false, 'what it removes is still there')
})

test('a lone brace proves nothing, and a removal is told by what closed up behind it', () => {
  const brace = parseDiff('--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a();\n+}\n b();\n')[0]?.hunks[0]
  assert.ok(brace)
  assert.equal(isThere(brace, 'a();\n}\nb();\n'), false)
  const jump = parseDiff('--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a();\n+goto out;\n b();\n')[0]?.hunks[0]
  assert.ok(jump)
  assert.equal(isThere(jump, 'goto out;\n'), false, 'what stands in many places proves nothing')
  const removal = parseDiff('--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n before();\n-gone();\n behind();\n')[0]?.hunks[0]
  assert.ok(removal)
  assert.equal(isThere(removal, 'before();\nbehind();\n'), true)
  assert.equal(isThere(removal, 'before();\ngone();\nbehind();\n'), false)
  assert.equal(isThere(removal, 'something else\n'), false)
})

test('no text makes the reader throw or find more lines than there are', () => {
  const heads = ['--- a/x', '+++ b/x', '@@ -1 +1 @@', '@@ -1,9999999 +1,9 @@']
  const part = fc.constantFrom(...heads, '+x', '-y', ' z', '', '\\ No', 'From a 2026')
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string())), (lines) => {
      const files = parseDiff(lines.join('\n'))
      const read = files.flatMap(({ hunks }) => hunks.flatMap((hunk) => hunk.lines))
      assert.ok(read.length <= lines.join('\n').split('\n').length)
      for (const hunk of files.flatMap(({ hunks }) => hunks)) isThere(hunk, lines.join('\n'))
    }),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parsePatchOutput } from '#analysis/patch/gnu-patch-output.ts'

test('hunks at an offset, with fuzz and failed are told apart, by their file', () => {
  const said = parsePatchOutput(`patching file fs/userfaultfd.c
Hunk #1 succeeded at 70 (offset 4 lines).
Hunk #2 succeeded at 629 with fuzz 2.
Hunk #3 succeeded at 700 with fuzz 1 (offset -1 line).
Hunk #4 FAILED at 724.
1 out of 5 hunks FAILED
patching file mm/x.c (renamed from mm/y.c)
`)
  assert.equal(said.stopped, null)
  assert.deepEqual(said.files, [
    {
      file: 'fs/userfaultfd.c',
      trouble: null,
      hunks: [
        { hunk: 1, failed: false, fuzz: 0, offset: 4 },
        { hunk: 2, failed: false, fuzz: 2, offset: 0 },
        { hunk: 3, failed: false, fuzz: 1, offset: -1 },
        { hunk: 4, failed: true, fuzz: 0, offset: 0 },
      ],
    },
    { file: 'mm/x.c', trouble: null, hunks: [] },
  ])
})

test('a file that is not there is named by the patch it quotes', () => {
  const said = parsePatchOutput(`can't find file to patch at input line 5
Perhaps you used the wrong -p or --strip option?
The text leading up to this was:
--------------------------
|diff --git a/mm/gone.c b/mm/gone.c
|--- a/mm/gone.c
|+++ b/mm/gone.c
--------------------------
No file to patch.  Skipping patch.
1 out of 1 hunk ignored
`)
  assert.deepEqual(said.files, [{ file: 'mm/gone.c', hunks: [], trouble: 'the file does not exist' }])
})

test('a file that would be made and is there, and a patch that is none', () => {
  const said = parsePatchOutput('The next patch would create the file mm/new.c,\nwhich already exists!  Applying it anyway.\n')
  assert.deepEqual(said.files, [{ file: 'mm/new.c', hunks: [], trouble: 'the patch creates a file that exists' }])
  assert.equal(parsePatchOutput('patch: **** malformed patch at line 7: x\n').stopped, 'malformed patch at line 7: x')
  assert.equal(parsePatchOutput('patch: **** Only garbage was found.').stopped, 'Only garbage was found.')
})

test('nothing makes the reader throw, and every hunk it tells of has a number', () => {
  const line = fc.constantFrom(
    'patching file x',
    'Hunk #1 FAILED at 3.',
    'Hunk #2 succeeded at 9 with fuzz 1.',
    "can't find file to patch at input line 1",
    '|--- a/y',
    '|+++ /dev/null',
    '2 out of 2 hunks ignored',
    'patch: **** x',
    'checking file z',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
      const { files } = parsePatchOutput(lines.join('\n'))
      assert.ok(files.every(({ hunks }) => hunks.every(({ hunk }) => Number.isInteger(hunk))))
    }),
  )
})

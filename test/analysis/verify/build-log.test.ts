import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newWarnings, objectsIn, warningsIn } from '#analysis/verify/build-log.ts'

const LOG = `  CC      fs/userfaultfd.o
../fs/userfaultfd.c: In function 'x':
../fs/userfaultfd.c:12:6: warning: unused variable 'y' [-Wunused-variable]
../fs/other.c:9: warning: defined but not used
.config:65:warning: override: reassigning to symbol 64BIT
fs/userfaultfd.c:99:1: warning: unused variable 'y' [-Wunused-variable]
  CC [M]  lib/z.o
`

test('warnings are those of the files that are asked for, wherever the build stood', () => {
  const warning = { file: 'fs/userfaultfd.c', message: "unused variable 'y' [-Wunused-variable]" }
  assert.deepEqual(warningsIn(LOG, ['fs/userfaultfd.c']), [warning, warning])
  assert.deepEqual(warningsIn(LOG, ['mm/x.c']), [])
  assert.deepEqual(objectsIn(LOG), ['fs/userfaultfd.o', 'lib/z.o'])
})

test('new is what was not given before, or was given less often', () => {
  const [one, other] = [
    { file: 'a.c', message: 'x' },
    { file: 'a.c', message: 'y' },
  ]
  assert.deepEqual(newWarnings([one], [one]), [])
  assert.deepEqual(newWarnings([one], [one, one, other]), [one, other])
  assert.deepEqual(newWarnings([one, one], [one]), [])
})

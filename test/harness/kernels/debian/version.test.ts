import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareDebianVersions } from '#harness/kernels/debian/archive/version.ts'
import { runCommand } from '#harness/support/process.ts'

test('package versions sort in the order of their releases', () => {
  const ascending = [
    '5.10.218-1',
    '5.10.262-1',
    '6.1.170-3',
    '6.12.43-1~bpo12+1',
    '6.12.115-1',
    '6.12.115-2~deb12u1',
    '6.12.115-2',
    '7.3~rc7-1~exp1',
    '7.3.4-1~bpo13+1',
    '1:0.1-1',
  ]
  const shuffled = ascending.toReversed().toSorted(compareDebianVersions)
  assert.deepEqual(shuffled, ascending)
  assert.equal(compareDebianVersions('6.01', '6.1'), 0)
})

test('the order equals that of dpkg', async () => {
  const piece = fc.constantFrom('0', '1', '10', '2', '.', '~', '+', 'a', 'rc', 'deb12u1', '~bpo', '00')
  const version = fc
    .tuple(fc.array(piece, { maxLength: 4 }), fc.option(fc.array(piece, { minLength: 1, maxLength: 3 })))
    .map(([upstream, revision]) => `1${upstream.join('')}${revision ? `-${revision.join('')}` : ''}`)
  await fc.assert(
    fc.asyncProperty(version, version, async (left, right) => {
      const order = compareDebianVersions(left, right)
      const relation = order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq'
      const { exitCode } = await runCommand('dpkg', ['--compare-versions', left, relation, right], { anyExit: true })
      assert.equal(exitCode, 0, `dpkg does not agree that ${left} ${relation} ${right}`)
    }),
    { numRuns: 100 },
  )
})

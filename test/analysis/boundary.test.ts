/** Boundaries: between neighbouring tested kernels of one series and flavour, and nowhere else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boundariesOf } from '../../src/analysis/boundary.ts'
import { VERDICTS, compareKernels } from '../../src/analysis/matrix.ts'
import type { Verdict } from '../../src/domain/judgement.ts'
import { kernel } from '../render/fixture.ts'

/** One case over some versions, as `version: verdict`. */
function flips(column: Readonly<Record<string, Verdict>>): string[] {
  const kernels = Object.keys(column).map((version) => kernel(version))
  const cells = kernels.map(({ id, version }) => ({ kernel: id, case: 'one', verdict: column[version] ?? 'missing' }))
  const version = (id: string) => kernels.find((each) => each.id === id)?.version
  return boundariesOf(kernels, cells).map(({ series, from, before, to, after }) =>
    `${series}: ${from} ${version(before)}, ${to} ${version(after)}`)
}

test('a fix that comes in and goes out again is two boundaries', () => {
  const column = { '6.12.9': 'lacks', '6.12.10': 'carries', '6.12.94': 'carries', '6.12.117': 'lacks' } as const
  assert.deepEqual(flips(column), ['6.12.y: lacks 6.12.9, carries 6.12.10', '6.12.y: carries 6.12.94, lacks 6.12.117'])
})

test('kernels that gave no answer are spanned', () => {
  const column = {
    '6.1.1': 'lacks', '6.1.2': 'broken', '6.1.3': 'missing', '6.1.4': 'unproven', '6.1.5': 'not-applicable', '6.1.6': 'carries'
  } as const
  assert.deepEqual(flips(column), ['6.1.y: lacks 6.1.1, carries 6.1.6'])
})

test('two series with different answers are no boundary', () => {
  assert.deepEqual(flips({ '5.10.262': 'lacks', '6.1.1': 'carries' }), [])
})

test('flavours of one version are followed apart', () => {
  const kernels = ['6.1.1', '6.1.2'].flatMap((version) => [kernel(version), kernel(version, `${version}-1`, 'amd64')])
  const cells = kernels.map(({ id, flavour }) => (
    { kernel: id, case: 'one', verdict: flavour === 'amd64' ? 'carries' as const : 'lacks' as const }
  ))
  assert.deepEqual(boundariesOf(kernels, cells), [])
})

test('property: each boundary flips between two kernels with no tested one between them', () => {
  const versions = fc.uniqueArray(fc.tuple(fc.constantFrom('5.10', '6.1'), fc.nat(30)), { selector: (pair) => pair.join('.') })
  const columns = versions.chain((pairs) => fc.tuple(fc.constant(pairs), fc.array(fc.constantFrom(...VERDICTS), {
    minLength: pairs.length, maxLength: pairs.length
  })))
  fc.assert(fc.property(columns, ([pairs, verdicts]) => {
    const kernels = pairs.map(([line, patch]) => kernel(`${line}.${patch}`))
    const cells = kernels.map(({ id }, index) => ({ kernel: id, case: 'one', verdict: verdicts[index] ?? 'missing' }))
    const verdictOf = new Map(cells.map((cell) => [cell.kernel, cell.verdict]))
    const tested = kernels
      .filter(({ id }) => verdictOf.get(id) === 'carries' || verdictOf.get(id) === 'lacks')
      .toSorted(compareKernels)
    const found = boundariesOf(kernels, cells)
    for (const flip of found) {
      const before = tested.findIndex(({ id }) => id === flip.before)
      assert.equal(tested[before + 1]?.id, flip.after)
      assert.equal(tested[before]?.series, tested[before + 1]?.series)
      assert.notEqual(verdictOf.get(flip.before), verdictOf.get(flip.after))
    }
    const expected = tested.filter(({ id, series }, index) => {
      const previous = tested[index - 1]
      return previous?.series === series && verdictOf.get(previous.id) !== verdictOf.get(id)
    })
    assert.equal(found.length, expected.length)
  }))
})

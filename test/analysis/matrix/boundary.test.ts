/** Boundaries: between neighbouring tested kernels of one series and flavour, and nowhere else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bisectLines } from '#analysis/matrix/bisect-commands.ts'
import { boundariesOf } from '#analysis/matrix/boundary.ts'
import { VERDICTS, compareKernels } from '#analysis/matrix/matrix.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { KnownKernel } from '#domain/kernel.ts'
import { kernel } from '#test/helpers/reports.ts'

/** One case over some versions, as `version: verdict`. */
function flips(column: Readonly<Record<string, Verdict>>): string[] {
  const kernels = Object.keys(column).map((version) => kernel(version))
  const cells = kernels.map(({ id, version }) => ({ kernel: id, case: 'one', verdict: column[version] ?? 'no-result' }))
  const version = (id: string) => kernels.find((each) => each.id === id)?.version
  return boundariesOf(kernels, cells).map(
    ({ series, from, before, to, after }) => `${series}: ${from} ${version(before)}, ${to} ${version(after)}`,
  )
}

test('a fix that comes in and goes out again is two boundaries', () => {
  const column = { '6.12.9': 'lacks', '6.12.10': 'carries', '6.12.94': 'carries', '6.12.117': 'lacks' } as const
  assert.deepEqual(flips(column), ['6.12.y: lacks 6.12.9, carries 6.12.10', '6.12.y: carries 6.12.94, lacks 6.12.117'])
})

test('kernels that gave no answer are spanned', () => {
  const column = {
    '6.1.1': 'lacks',
    '6.1.2': 'error',
    '6.1.3': 'no-result',
    '6.1.4': 'inconclusive',
    '6.1.5': 'not-applicable',
    '6.1.6': 'carries',
  } as const
  assert.deepEqual(flips(column), ['6.1.y: lacks 6.1.1, carries 6.1.6'])
})

test('two series with different answers are no boundary', () => {
  assert.deepEqual(flips({ '5.10.262': 'lacks', '6.1.1': 'carries' }), [])
})

test('flavours of one version are followed apart', () => {
  const kernels = ['6.1.1', '6.1.2'].flatMap((version) => [kernel(version), kernel(version, `${version}-1`, 'amd64')])
  const cells = kernels.map(({ id, flavour }) => ({
    kernel: id,
    case: 'one',
    verdict: flavour === 'amd64' ? ('carries' as const) : ('lacks' as const),
  }))
  assert.deepEqual(boundariesOf(kernels, cells), [])
})

const known = (version: string, notOnMirror = false) => ({ ...kernel(version), notOnMirror })

/** The boundaries of a column held against a list of what there is. */
function sure(column: Readonly<Record<string, Verdict>>, listing: readonly KnownKernel[] | null) {
  const kernels = Object.keys(column).map((version) => kernel(version))
  const cells = kernels.map(({ id, version }) => ({ kernel: id, case: 'one', verdict: column[version] ?? 'no-result' }))
  return boundariesOf(kernels, cells, listing).map(({ precision, untested }) => [
    precision,
    ...(untested?.map(({ version, reason }) => `${version} ${reason}`) ?? ['not known']),
  ])
}

test('a boundary is adjacent without an available and applicable kernel between, and names all kernels between', () => {
  const ends = { '6.1.1': 'lacks', '6.1.9': 'carries' } as const
  const listing = ['6.1.1', '6.1.9', '6.1.10', '5.10.5'].map((version) => known(version))
  assert.deepEqual(sure(ends, listing), [['adjacent']])
  assert.deepEqual(sure(ends, [...listing, known('6.1.5', true)]), [['adjacent', '6.1.5 not-on-mirror']])
  assert.deepEqual(sure({ ...ends, '6.1.4': 'not-applicable' }, listing), [['adjacent', '6.1.4 not-applicable']])
  assert.deepEqual(sure(ends, [...listing, known('6.1.5')]), [['untested-between', '6.1.5 not-tested']])
  for (const verdict of ['error', 'inconclusive', 'no-result'] as const) {
    assert.deepEqual(sure({ ...ends, '6.1.4': verdict }, listing), [['untested-between', `6.1.4 ${verdict}`]])
  }
})

test('where nothing lists what there is, nothing is adjacent', () => {
  const ends = { '6.1.1': 'lacks', '6.1.2': 'carries' } as const
  assert.deepEqual(sure(ends, null), [['untested-between', 'not known']])
  assert.deepEqual(sure(ends, [known('6.12.1')]), [['untested-between', 'not known']])
})

test('the miss probability is that of the side that carries, on whichever side it is', () => {
  const kernels = ['6.1.1', '6.1.2', '6.1.3'].map((version) => kernel(version))
  const cells = kernels.map(({ id }, index) =>
    index === 1
      ? { kernel: id, case: 'one', verdict: 'carries' as const, missProbability: 1e-7 }
      : { kernel: id, case: 'one', verdict: 'lacks' as const, missProbability: null },
  )
  assert.deepEqual(
    boundariesOf(kernels, cells).map(({ missProbability }) => missProbability),
    [1e-7, 1e-7],
  )
})

test('git is told the older and the newer release, and what the older one is', () => {
  const lines = (before: string, after: string, cameIn: boolean) =>
    bisectLines({ case: 'one', before: kernel(before), after: kernel(after, `${after}-2`), cameIn })
  assert.deepEqual(lines('6.1.170', '6.1.172', true), [
    'git bisect start --term-old broken --term-new fixed v6.1.172 v6.1.170',
    'git bisect run kwitness bisect-step --cases one --find fix',
  ])
  assert.deepEqual(lines('7.3~rc7', '7.3', false), [
    'git bisect start --term-old fixed --term-new broken v7.3 v7.3-rc7',
    'git bisect run kwitness bisect-step --cases one',
  ])
  assert.equal(lines('6.1.170', '6.1.170', true), null, 'two builds of one release')
  const built = { ...kernel('6.1.171'), provider: 'tree' as const }
  const toBuilt = bisectLines({ case: 'one', before: kernel('6.1.170'), after: built, cameIn: true })
  assert.equal(toBuilt, null, 'source that may be no release')
})

test('property: each boundary flips between two kernels with no tested one between them', () => {
  const versions = fc.uniqueArray(fc.tuple(fc.constantFrom('5.10', '6.1'), fc.nat(30)), { selector: (pair) => pair.join('.') })
  const columns = versions.chain((pairs) =>
    fc.tuple(
      fc.constant(pairs),
      fc.array(fc.constantFrom(...VERDICTS), {
        minLength: pairs.length,
        maxLength: pairs.length,
      }),
    ),
  )
  fc.assert(
    fc.property(columns, ([pairs, verdicts]) => {
      const kernels = pairs.map(([line, patch]) => kernel(`${line}.${patch}`))
      const cells = kernels.map(({ id }, index) => ({ kernel: id, case: 'one', verdict: verdicts[index] ?? 'no-result' }))
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
    }),
  )
})

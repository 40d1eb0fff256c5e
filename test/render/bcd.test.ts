/** Compatibility data: since when, as ranged as what was tested. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildReport } from '#analysis/matrix/report.ts'
import type { Verdict } from '#domain/judgement.ts'
import { compatOf } from '#render/bcd.ts'
import { cell, kernel, smallReport } from '../helpers/reports.ts'
import { sampleCase } from '../helpers/judging.ts'

/** The statements about one case in 6.1.y: kernels by patch level, those of `others` listed and not asked. */
function statements(column: Readonly<Record<string, Verdict>>, others: readonly string[] = [], isListed = true) {
  const kernels = Object.keys(column).map((patch) => kernel(`6.1.${patch}`))
  const cells = Object.entries(column).map(([patch, verdict]) => cell(kernel(`6.1.${patch}`).id, 'one', verdict))
  const known = [...Object.keys(column), ...others].map((patch) => ({ ...kernel(`6.1.${patch}`), notOnMirror: false }))
  const listing = isListed ? known : null
  const cases = [sampleCase('one', { introduced: '5.9' })]
  const { fixes } = compatOf(buildReport({ run: smallReport().run, kernels, cases, controls: [], cells, listing }))
  assert.equal(fixes['one']?.introduced, '5.9')
  return fixes['one'].support['6.1.y']?.['x86_64/cloud-amd64'] ?? []
}

const values = (all: ReturnType<typeof statements>) =>
  all.map(({ introduced, carried_since: since, removed, last_without: without, last_with: last }) => [
    introduced,
    since,
    removed,
    without,
    last,
  ])

test('a boundary between neighbours is a value, all that may lie lower is ranged', () => {
  assert.deepEqual(values(statements({ 1: 'lacks', 2: 'lacks', 3: 'carries' })), [['≤6.1.1', '6.1.3', null, '6.1.2', '6.1.3']])
  assert.deepEqual(values(statements({ 1: 'lacks', 5: 'carries' }, ['3'])), [['≤6.1.1', '≤6.1.5', null, '6.1.1', '6.1.5']])
  assert.deepEqual(values(statements({ 1: 'lacks', 2: 'carries' }, [], false)), [['≤6.1.1', '≤6.1.2', null, '6.1.1', '6.1.2']])
  assert.deepEqual(values(statements({ 4: 'carries', 9: 'carries' }, ['1'])), [['≤6.1.4', '≤6.1.4', null, null, '6.1.9']])
})

test('never carried is false, and what was not found out is null', () => {
  assert.deepEqual(values(statements({ 1: 'lacks', 2: 'lacks' })), [['≤6.1.1', false, null, '6.1.2', null]])
  assert.deepEqual(values(statements({ 1: 'inconclusive', 2: 'error' })), [[null, null, null, null, null]])
  const [none] = statements({ 1: 'not-applicable', 2: 'not-applicable' })
  assert.deepEqual([none?.introduced, none?.carried_since, none?.notes], [false, null, ['not applicable: 6.1.1 and 6.1.2']])
})

test('what cannot be asked of the kernel before came in with the first that answers', () => {
  const arrived = statements({ 1: 'not-applicable', 2: 'lacks', 3: 'carries' })
  assert.deepEqual(values(arrived), [['6.1.2', '6.1.3', null, '6.1.2', '6.1.3']])
  assert.deepEqual(values(statements({ 1: 'not-applicable', 3: 'carries' }, ['2'])), [['≤6.1.3', '≤6.1.3', null, null, '6.1.3']])
})

test('a fix that went and came again is two statements, the newest first', () => {
  const all = statements({ 1: 'carries', 2: 'carries', 3: 'lacks', 4: 'lacks', 7: 'carries' }, ['5'])
  assert.deepEqual(values(all), [
    ['6.1.3', '≤6.1.7', null, '6.1.4', '6.1.7'],
    ['≤6.1.1', '≤6.1.1', '6.1.3', null, '6.1.2'],
  ])
  const verdicts = all.map(({ evidence }) => evidence.map(({ verdict }) => verdict))
  assert.deepEqual(verdicts, [
    ['lacks', 'carries'],
    ['carries', 'carries', 'lacks'],
  ])
  const [newest] = all
  assert.deepEqual(newest?.evidence[0], { kernel: kernel('6.1.4').id, verdict: 'lacks', attempt: `${kernel('6.1.4').id}.one.1` })
  assert.deepEqual(newest?.notes, ['between 6.1.4-1 and 6.1.7-1: not tested: 6.1.5'])
})

test('two builds of one release are told apart in a note, and the miss probability is given', () => {
  const kernels = [kernel('6.1.9'), kernel('6.1.9', '6.1.9-2')]
  const cells = kernels.map(({ id }, index) =>
    index === 0 ? cell(id, 'one', 'lacks') : cell(id, 'one', 'carries', { missProbability: 1e-6 }),
  )
  const { fixes } = compatOf(buildReport({ run: smallReport().run, kernels, cases: [sampleCase('one')], controls: [], cells }))
  const [statement] = fixes['one']?.support['6.1.y']?.['x86_64/cloud-amd64'] ?? []
  assert.equal(statement?.carried_since, '≤6.1.9')
  assert.deepEqual(statement.notes.slice(1), ['a build of the same release: from 6.1.9-2 on', 'miss probability 0.0001 %'])
})

test('a control is no kernel of its series', () => {
  const { fixes } = compatOf(smallReport())
  assert.deepEqual(Object.keys(fixes['gup-fast-vs-fork']?.support['5.10.y'] ?? {}), ['x86_64/cloud-amd64'])
})

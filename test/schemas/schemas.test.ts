/**
 * The JSON Schemas in reports/schemas say what kwitness writes, and nothing else: types, schemas and what is written are held
 * against each other. UPDATE_GOLDEN=1 makes the schemas anew. Fields may come under the same number; one that goes or comes to
 * mean something else makes the next number.
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { z } from 'zod'
import type { Fix } from '#domain/case.ts'
import type { Conditions, Control, ControlRate, RaceStanding } from '#domain/control.ts'
import type { Reason } from '#domain/judgement.ts'
import type {
  Boundary,
  BoundaryEntries,
  BoundaryEntry,
  Contradiction,
  History,
  Report,
  ReportAttempt,
  ReportCase,
  ReportCell,
  ReportKernel,
  Stretch,
  Untested,
} from '#domain/report/matrix.ts'
import type { Splat } from '#domain/splat.ts'
import type { TestPoint, TestProblem } from '#domain/tests.ts'
import { type Compat, type CompatFix, type CompatStatement, compatOf, renderBcd } from '#render/bcd.ts'
import { renderJson } from '#render/json.ts'
import { largeReport } from '#test/helpers/reports/large.ts'
import { smallReport } from '../helpers/reports.ts'
import { searchReport } from '#test/helpers/reports/search.ts'
import { compat, type parts, report } from './shapes.ts'

const FOLDER = inRepository('reports/schemas/')
const SHAPES = { 'kwitness.report.1': report, 'kwitness.bcd.1': compat } as const

/** No field optional: one that only one of two types has is a difference, even where it may be left out. */
type Whole<T> = T extends readonly (infer Item)[]
  ? readonly Whole<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]-?: Whole<Exclude<T[Key], undefined>> }
    : T
type Same<A, B> = [Whole<A>] extends [Whole<B>] ? ([Whole<B>] extends [Whole<A>] ? true : false) : false
type Part<Name extends keyof typeof parts> = z.infer<(typeof parts)[Name]>

/** The compiler refuses this when a type and its shape have drifted apart. It looks three types deep, so all are named. */
const SAME: readonly [
  Same<Report, z.infer<typeof report>>,
  Same<Compat, z.infer<typeof compat>>,
  Same<ReportAttempt, Part<'attempt'>>,
  Same<Boundary, Part<'boundary'>>,
  Same<ReportCell, Part<'cell'>>,
  Same<CompatFix, Part<'compatFix'>>,
  Same<Conditions, Part<'conditions'>>,
  Same<Contradiction, Part<'contradiction'>>,
  Same<BoundaryEntries, Part<'entries'>>,
  Same<BoundaryEntry, Part<'entry'>>,
  Same<Control, Part<'control'>>,
  Same<Fix, Part<'fix'>>,
  Same<History, Part<'history'>>,
  Same<ReportKernel, Part<'kernel'>>,
  Same<RaceStanding, Part<'race'>>,
  Same<ControlRate, Part<'rate'>>,
  Same<Reason, Part<'reason'>>,
  Same<Splat, Part<'splat'>>,
  Same<CompatStatement, Part<'statement'>>,
  Same<Stretch, Part<'stretch'>>,
  Same<TestPoint, Part<'testPoint'>>,
  Same<TestProblem, Part<'testProblem'>>,
  Same<ReportCase, Part<'theCase'>>,
  Same<Untested, Part<'untested'>>,
] = [
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
]

/** Readers of an older schema must bear fields that came later. */
function published(name: keyof typeof SHAPES): string {
  const shape = SHAPES[name]
  const schema = z.toJSONSchema(shape, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  })
  const { $schema, ...rest } = schema
  return `${JSON.stringify({ $schema, $id: `${name}.schema.json`, ...rest }, null, 2)}\n`
}

const readSchema = (name: keyof typeof SHAPES) => readFile(join(FOLDER, `${name}.schema.json`), 'utf8')

const EMPTY = { kernels: [], cells: [], boundaries: [], histories: [], cases: [] }
const WRITTEN: readonly Report[] = [smallReport(), searchReport(), largeReport(40, 8), { ...smallReport(), ...EMPTY }]

describe('schemas', () => {
  for (const name of ['kwitness.report.1', 'kwitness.bcd.1'] as const) {
    test(`${name}.schema.json is made of the shape that the types have`, async () => {
      assert.ok(SAME.every(Boolean))
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(join(FOLDER, `${name}.schema.json`), published(name))
      assert.equal(await readSchema(name), published(name))
    })
  }

  test('what is written is valid, by the shapes to the last field and by the schemas as they are published', async () => {
    const [ofReport, ofCompat] = [await readSchema('kwitness.report.1'), await readSchema('kwitness.bcd.1')].map((schema) =>
      z.fromJSONSchema(JSON.parse(schema)),
    )
    for (const one of WRITTEN) {
      const [asJson, asCompat] = [JSON.parse(renderJson(one)), JSON.parse(renderBcd(one))]
      for (const shape of [report, ofReport]) assert.deepEqual(shape?.safeParse(asJson).error?.issues ?? [], [])
      for (const shape of [compat, ofCompat]) assert.deepEqual(shape?.safeParse(asCompat).error?.issues ?? [], [])
    }
  })

  test('what is wrong is refused by the schemas as they are published, and a field that comes later is not', async () => {
    const ofReport = z.fromJSONSchema(JSON.parse(await readSchema('kwitness.report.1')))
    const ofCompat = z.fromJSONSchema(JSON.parse(await readSchema('kwitness.bcd.1')))
    const good = JSON.parse(renderJson(smallReport()))
    const [first, ...others] = good.boundaries
    const wrong = [
      { ...good, schema: 'kwitness.report/2' },
      { ...good, counts: { ...good.counts, carries: undefined } },
      { ...good, boundaries: [{ ...first, confidence: 'nearly' }, ...others] },
      { ...good, boundaries: [{ ...first, untested: [{ kernel: 'x', version: '6.1', why: 'carries' }] }, ...others] },
      { ...good, cells: [{ ...good.cells[0], verdict: 'fixed' }] },
      { ...good, cells: [{ ...good.cells[0], attempts: [{ ...good.cells[0].attempts[0], tests: [{ name: 'no number' }] }] }] },
    ]
    for (const one of wrong.map((each) => JSON.parse(JSON.stringify(each)))) assert.equal(ofReport.safeParse(one).success, false)
    assert.ok(ofReport.safeParse({ ...good, later: 1, boundaries: [{ ...first, later: [] }, ...others] }).success)

    const fine = compatOf(smallReport())
    const change = (statement: object) => {
      const support = { '6.1.y': { 'x86_64/cloud-amd64': [statement] } }
      return { ...fine, fixes: { one: { ...fine.fixes['uffd-eagain-output'], support } } }
    }
    const [statement] = fine.fixes['uffd-eagain-output']?.support['6.1.y']?.['x86_64/cloud-amd64'] ?? []
    assert.ok(statement && ofCompat.safeParse(change(statement)).success)
    for (const bad of [{ carried_since: true }, { carried_since: '' }, { tested: -1 }, { evidence: ['x'] }, { removed: false }]) {
      assert.equal(ofCompat.safeParse(change({ ...statement, ...bad })).success, false, JSON.stringify(bad))
    }
  })
})

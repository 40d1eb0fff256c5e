/**
 * The JSON Schemas in reports/schemas say what kwitness writes, and nothing else: types, our schemas and what is written are held
 * against each other. UPDATE_GOLDEN=1 makes the schemas anew. Fields may come under the same number; one that goes or comes to
 * mean something else makes the next number.
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { z } from 'zod'
import { diffOf } from '#analysis/diff/diff.ts'
import type { Report } from '#domain/report/matrix.ts'
import { type Compat, type CompatFix, type CompatStatement, compatOf, renderBcd } from '#render/bcd.ts'
import { jsonByLine, renderJson } from '#render/json.ts'
import { publishedSchema, PUBLISHED } from '#schema/report/json-schema.ts'
import { compatSchema, type compatFix, type statement } from '#schema/report/bcd.ts'
import { diffSchema } from '#schema/report/diff.ts'
import { reportSchema } from '#schema/report/matrix.ts'
import type { Same } from '#schema/basics.ts'
import { largeReport } from '#test/helpers/reports/large.ts'
import { smallReport } from '../helpers/reports.ts'
import { searchReport } from '#test/helpers/reports/search.ts'

const FOLDER = inRepository('reports/schemas/')

/** The compiler refuses this when a type of src/render and its schema drift apart; src/schema checks the types of src/domain. */
const SAME: readonly [
  Same<Compat, z.infer<typeof compatSchema>>,
  Same<CompatFix, z.infer<typeof compatFix>>,
  Same<CompatStatement, z.infer<typeof statement>>,
] = [true, true, true]

const readSchema = (name: keyof typeof PUBLISHED) => readFile(join(FOLDER, `${name}.schema.json`), 'utf8')

const NAMES = Object.keys(PUBLISHED) as (keyof typeof PUBLISHED)[]

const EMPTY = { kernels: [], cells: [], boundaries: [], timelines: [], cases: [] } satisfies Partial<Report>
const WRITTEN: readonly Report[] = [smallReport(), searchReport(), largeReport(40, 8), { ...smallReport(), ...EMPTY }]

describe('schemas', () => {
  for (const name of NAMES) {
    test(`${name}.schema.json is made of the schema that the types have`, async () => {
      assert.ok(SAME.every(Boolean))
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(join(FOLDER, `${name}.schema.json`), publishedSchema(name))
      assert.equal(await readSchema(name), publishedSchema(name))
    })
  }

  test('what is written is valid, by our schemas to the last field and by the schemas as they are published', async () => {
    const [ofReport, ofCompat] = [await readSchema('kwitness.report.2'), await readSchema('kwitness.bcd.1')].map((schema) =>
      z.fromJSONSchema(JSON.parse(schema)),
    )
    for (const one of WRITTEN) {
      const [asJson, asCompat] = [JSON.parse(renderJson(one)), JSON.parse(renderBcd(one))]
      // A schema leaves out a field that it does not know.
      assert.deepEqual(reportSchema.parse(asJson), asJson)
      assert.deepEqual(compatSchema.parse(asCompat), asCompat)
      assert.deepEqual(ofReport?.safeParse(asJson).error?.issues ?? [], [])
      assert.deepEqual(ofCompat?.safeParse(asCompat).error?.issues ?? [], [])
    }
  })

  test('a comparison is valid by both, to the last field', async () => {
    const ofDiff = z.fromJSONSchema(JSON.parse(await readSchema('kwitness.diff.1')))
    const [one, other] = [smallReport(), largeReport(40, 8)]
    for (const diff of [diffOf(one, other), diffOf(other, one), diffOf(one, one)]) {
      const written = JSON.parse(jsonByLine(diff))
      assert.deepEqual(diffSchema.parse(written), written)
      assert.deepEqual(ofDiff.safeParse(written).error?.issues ?? [], [])
    }
  })

  test('what is wrong is refused by the schemas as they are published, and a field that comes later is not', async () => {
    const ofReport = z.fromJSONSchema(JSON.parse(await readSchema('kwitness.report.2')))
    const ofCompat = z.fromJSONSchema(JSON.parse(await readSchema('kwitness.bcd.1')))
    const good = JSON.parse(renderJson(smallReport()))
    const [first, ...others] = good.boundaries
    const wrong = [
      { ...good, schema: 'kwitness.report/1' },
      { ...good, counts: { ...good.counts, carries: undefined } },
      { ...good, boundaries: [{ ...first, precision: 'nearly' }, ...others] },
      { ...good, untested: [[{ kernel: 'x', version: '6.1', reason: 'carries' }]] },
      { ...good, boundaries: [{ ...first, untested: [] }, ...others] },
      { ...good, cells: [{ ...good.cells[0], verdict: 'fixed' }] },
      { ...good, cells: [{ ...good.cells[0], attempts: [{ ...good.cells[0].attempts[0], tests: [] }] }] },
      { ...good, tests: [[{ name: 'no number' }]] },
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

/** Each format is read by a program that is not ours, with the words of a hostile guest in it, and says what the report says. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import * as CycloneDX from '@cyclonedx/cyclonedx-library'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse as parseCsv } from 'csv-parse/sync'
import fc from 'fast-check'
import { parse as parseJunit } from 'junit2json'
import type { Report } from '#domain/report/matrix.ts'
import { inRepository } from '#harness/support/repository.ts'
import { renderCsv } from '#render/exchange/csv.ts'
import { renderJunit } from '#render/exchange/junit.ts'
import { renderKcidb } from '#render/exchange/kcidb.ts'
import { renderMarkdown } from '#render/exchange/markdown.ts'
import { renderOpenMetrics } from '#render/exchange/openmetrics.ts'
import { renderVex } from '#render/exchange/vex.ts'
import { guestText, spokenBy } from '#test/helpers/guest-text.ts'
import { smallReport } from '#test/helpers/reports.ts'
import { CONTRADICTION, contradicted, SUMMARY } from '#test/helpers/reports/contradicted.ts'

const RUNS = { numRuns: 25 }
const countOf = ({ cells }: Report, ...verdicts: string[]) => cells.filter(({ verdict }) => verdicts.includes(verdict)).length

describe('JUnit', () => {
  test('junit2json reads every result in its state, with the figures of each suite', async () => {
    await fc.assert(
      fc.asyncProperty(guestText, async (text) => {
        const report = spokenBy(text)
        const read = await parseJunit(renderJunit(report))
        assert.ok(read && 'testsuite' in read)
        const cases = (read.testsuite ?? []).flatMap(({ testcase }) => testcase ?? [])
        assert.equal(cases.length, report.cells.length)
        assert.equal(cases.filter(({ failure }) => failure).length, countOf(report, 'lacks'))
        assert.equal(cases.filter(({ error }) => error).length, countOf(report, 'error', 'no-result'))
        assert.equal(cases.filter(({ skipped }) => skipped).length, countOf(report, 'inconclusive', 'not-applicable'))
        assert.equal(read.failures, countOf(report, 'lacks'))
        assert.deepEqual(
          read.testsuite?.map(({ name }) => name),
          report.kernels.map(({ id }) => id),
        )
      }),
      RUNS,
    )
  })
})

const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)
const schema: object = JSON.parse(await readFile(inRepository('test/render/exchange/kcidb-5.3.schema.json'), 'utf8'))
const validate = ajv.compile(schema)
const validator = new CycloneDX.Validation.JsonStrictValidator(CycloneDX.Spec.Version.v1dot6)

describe('KCIDB', () => {
  test('ajv finds it valid against the schema of KCIDB 5.3', () => {
    fc.assert(
      fc.property(guestText, (text) => {
        assert.ok(validate(JSON.parse(renderKcidb(spokenBy(text)))), JSON.stringify(validate.errors))
      }),
      RUNS,
    )
  })

  test('the schema can refuse: a status of its own is not valid', () => {
    const data = renderKcidb(smallReport()).replace('"status": "FAIL"', '"status": "lacks"')
    assert.equal(validate(JSON.parse(data)), false)
  })

  test('a status is what KCIDB means by it, and every test belongs to a build of a checkout', () => {
    const report = smallReport()
    const { checkouts, builds, tests } = JSON.parse(renderKcidb(report))
    const statuses = Map.groupBy(tests as { status: string }[], ({ status }) => status)
    const count = (status: string) => statuses.get(status)?.length ?? 0
    assert.deepEqual(
      ['PASS', 'FAIL', 'DONE', 'SKIP', 'ERROR', 'MISS'].map(count),
      ['carries', 'lacks', 'inconclusive', 'not-applicable', 'error', 'no-result'].map((verdict) => countOf(report, verdict)),
    )
    const ids = (list: { id: string }[]) => new Set(list.map(({ id }) => id))
    assert.ok(tests.every(({ build_id }: { build_id: string }) => ids(builds).has(build_id)))
    assert.ok(builds.every(({ checkout_id }: { checkout_id: string }) => ids(checkouts).has(checkout_id)))
    assert.equal(ids(tests).size, tests.length)
  })
})

describe('CSV', () => {
  test('csv-parse reads a row for each result, all of them with every column', () => {
    fc.assert(
      fc.property(guestText, (text) => {
        const report = spokenBy(text)
        const rows: Record<string, string>[] = parseCsv(renderCsv(report), { columns: true, record_delimiter: '\r\n' })
        assert.deepEqual(
          rows.map(({ kernel, case: name, verdict }) => [kernel, name, verdict]),
          report.cells.map(({ kernel, case: name, verdict }) => [kernel, name, verdict]),
        )
      }),
      RUNS,
    )
  })

  test('no field is a formula', () => {
    for (const start of ['=', '+', '-', '@', '\t=', '\r@']) {
      const rows: string[][] = parseCsv(renderCsv(spokenBy(`${start}cmd()`)))
      assert.ok(rows.flat().every((field) => !/^[=+\-@\t\r]/.test(field)))
    }
  })
})

describe('CycloneDX', () => {
  test('its own library finds the VEX valid', async () => {
    for (const text of ['plain', ...fc.sample(guestText, { numRuns: 10, seed: 1 })]) {
      assert.equal(await validator.validate(renderVex(spokenBy(text))), null)
    }
  })

  test('the validator can refuse', async () => {
    const wrong = renderVex(smallReport()).replace('"operating-system"', '"kernel"')
    assert.notEqual(await validator.validate(wrong), null)
  })

  test('every result of a fix with a CVE is there once, in the state of its verdict', () => {
    const report = smallReport()
    const { vulnerabilities } = JSON.parse(renderVex(report))
    const states = new Map<string, string>()
    for (const { id, analysis, affects } of vulnerabilities) {
      for (const { ref } of affects) {
        assert.ok(!states.has(`${id} ${ref}`))
        states.set(`${id} ${ref}`, analysis.state)
      }
    }
    const cves = new Map(report.cases.map(({ id, fixes }) => [id, fixes.flatMap(({ cve }) => cve)]))
    const expected = report.cells.flatMap(({ kernel, case: name, verdict }) =>
      (cves.get(name) ?? []).map((cve) => [
        `${cve} ${kernel}`,
        verdict === 'carries' ? 'resolved' : verdict === 'lacks' ? 'exploitable' : 'in_triage',
      ]),
    )
    assert.ok(expected.length > 0)
    assert.deepEqual(Object.fromEntries(states), Object.fromEntries(expected))
  })
})

/** A line of the text format: name, labels in quotes with their escapes, a number. */
const SAMPLE = /^[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? [0-9.e+]+$/
const COMMENT = /^# (TYPE [a-z_]+ gauge|HELP [a-z_]+ [^\\]+)$/

test('OpenMetrics: each line is of its grammar, the last ends it, and there is a sample for each result', () => {
  fc.assert(
    fc.property(guestText, (text) => {
      const report = { ...spokenBy(text), kernels: smallReport().kernels.map((kernel) => ({ ...kernel, version: text })) }
      const lines = renderOpenMetrics(report).split('\n')
      assert.deepEqual(lines.splice(-2), ['# EOF', ''])
      assert.deepEqual(
        lines.filter((line) => !SAMPLE.test(line) && !COMMENT.test(line)),
        [],
      )
      assert.equal(lines.filter((line) => line.startsWith('kwitness_result{')).length, report.cells.length)
    }),
    RUNS,
  )
})

test('Markdown: a hostile guest adds no row, no heading and no link', () => {
  const lines = (report: Report) => renderMarkdown(report).split('\n')
  const shape = (text: string) => lines(spokenBy(text)).map((line) => line.replaceAll(/\\./g, '').replaceAll(/[^|#]/g, ''))
  fc.assert(
    fc.property(guestText, (text) => {
      assert.deepEqual(shape(text), shape('calm'))
      assert.doesNotMatch(renderMarkdown(spokenBy(text)).replaceAll(/\\./g, ''), /<|\]\(/)
    }),
    RUNS,
  )
})

describe('What a claim source contradicts in case.json', () => {
  test('JUnit has a test case that failed, beside the results and in the figures', async () => {
    const before = await parseJunit(renderJunit(smallReport()))
    const read = await parseJunit(renderJunit(contradicted(smallReport())))
    assert.ok(before && 'testsuite' in before && read && 'testsuite' in read)
    assert.deepEqual([read.tests, read.failures], [before.tests! + 1, before.failures! + 1])
    const [suite, ...others] = read.testsuite!
    assert.deepEqual(others, before.testsuite)
    assert.deepEqual([suite?.name, suite?.tests, suite?.failures], ['Case data contradicted', 1, 1])
    const [own] = suite!.testcase!
    assert.deepEqual([own?.classname, own?.name], ['case.json', 'uffd-eagain-output 6.12.y'])
    assert.deepEqual(
      own?.failure?.map(({ type, message }) => [type, message]),
      [['case-data-contradicted', SUMMARY]],
    )
  })

  /** Results of the sample report that the contradiction is about. */
  const touched = (report: Report) =>
    report.cells.filter(
      ({ kernel, case: name }) =>
        name === CONTRADICTION.case && report.kernels.find(({ id }) => id === kernel)?.series === CONTRADICTION.series,
    )

  test('CSV says it in the row of each result that it is about', () => {
    const report = contradicted(smallReport())
    const rows: Record<string, string>[] = parseCsv(renderCsv(report), { columns: true, record_delimiter: '\r\n' })
    const said = rows.filter(({ case_data_contradicted: words }) => words !== '')
    assert.ok(said.length > 0)
    assert.deepEqual(
      said.map(({ kernel, case: name }) => [kernel, name]),
      touched(report).map(({ kernel, case: name }) => [kernel, name]),
    )
    for (const { case_data_contradicted: words } of said) assert.ok(words?.startsWith(`${SUMMARY}; Debian changelog: `))
  })

  test('KCIDB has an issue of the tool, valid by its schema, and an incident for each test that it is about', () => {
    const report = contradicted(smallReport())
    const data = JSON.parse(renderKcidb(report))
    assert.equal(validate(data), true, JSON.stringify(validate.errors))
    const { tests, issues, incidents } = data
    assert.equal(issues.length, 1)
    assert.deepEqual(issues[0].culprit, { code: false, tool: true, harness: false })
    assert.ok(issues[0].comment.startsWith(`${SUMMARY}; `))
    assert.equal(incidents.length, touched(report).length)
    for (const { issue_id: issue, test_id: one } of incidents) {
      assert.equal(issue, issues[0].id)
      assert.ok(tests.some(({ id }: { id: string }) => id === one))
    }
    assert.ok(!('issues' in JSON.parse(renderKcidb(smallReport()))))
  })

  test('OpenMetrics has a sample for it, and VEX a property that changes no state', async () => {
    const sample = 'kwitness_case_contradictions{case="uffd-eagain-output",series="6.12.y",kind="other-release"} 1'
    assert.ok(renderOpenMetrics(contradicted(smallReport())).split('\n').includes(sample))
    const [plain, vex] = [renderVex(smallReport()), renderVex(contradicted(smallReport()))]
    assert.equal(await validator.validate(vex), null)
    const { properties } = JSON.parse(vex).metadata
    assert.equal(properties.at(-1).name, 'kwitness:case-data-contradicted')
    assert.ok(properties.at(-1).value.startsWith(`uffd-eagain-output on 6.12.y: ${SUMMARY}; `))
    assert.deepEqual(JSON.parse(vex).vulnerabilities, JSON.parse(plain).vulnerabilities)
  })
})

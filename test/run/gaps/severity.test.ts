/** Severities of gaps, from files in the forms in which others publish them; nothing is said where they say nothing. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { UserError } from '#domain/errors.ts'
import type { Gap, GapReport } from '#domain/report/gaps.ts'
import { cveOf } from '#render/gaps/phrases.ts'
import { renderGapsText } from '#render/gaps/text.ts'
import { withSeverity } from '#run/gaps/severity.ts'
import { gapsSchema } from '#schema/report/gaps.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'
import { GAP } from '#test/helpers/reports/gaps.ts'

const [RATED, UNRATED, ELSEWHERE] = ['CVE-2025-21696', 'CVE-2026-63952', 'CVE-2024-1086'] as const

const gapOf = (cve: readonly string[], series = '6.1.y'): Gap => ({ ...GAP, cve, series })

function reportOf(...gaps: readonly Gap[]): GapReport {
  const run = { id: '2026-11-02-1', startedAt: '2026-11-02T03:04:05.000Z' }
  const [first] = gaps
  const kernel = { series: first!.series, kernel: first!.kernel, version: '6.1.192', lacks: 1, answers: 3, cases: 3, newer: null }
  return { schema: 'kwitness.gaps/1', run, kernels: [kernel], gaps }
}

/** A record as https://github.com/CVEProject/cvelistV5 has it, with what the CNA and others measured. */
function record(cve: string, cna: readonly object[], adp: readonly object[] = []): string {
  const container = (shortName: string, metrics: readonly object[]) => ({ providerMetadata: { orgId: 'x', shortName }, metrics })
  return JSON.stringify({
    dataType: 'CVE_RECORD',
    dataVersion: '5.1',
    cveMetadata: { cveId: cve, state: 'PUBLISHED' },
    containers: {
      cna: container('Linux', cna),
      adp: [container('CVE', [{ other: { type: 'ssvc' } }]), container('CISA-ADP', adp)],
    },
  })
}

const V31 = {
  version: '3.1',
  vectorString: 'CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H',
  baseScore: 7.8,
  baseSeverity: 'HIGH',
}
const V2 = { version: '2.0', vectorString: 'AV:L/AC:L/Au:N/C:C/I:C/A:C', baseScore: 7.2 }

async function put(folder: string, path: string, text: string): Promise<string> {
  const file = join(folder, path)
  for (const part of path
    .split('/')
    .slice(0, -1)
    .map((_, at, all) => all.slice(0, at + 1))) {
    await mkdir(join(folder, ...part)).catch(() => undefined)
  }
  await writeFile(file, text)
  return file
}

test('a folder of records, as each publisher lays it out: the CVSS of a record, and none where it has none', async (t) => {
  for (const layout of ['CVE.json', '2025/CVE.json', 'cves/2025/21xxx/CVE.json', 'cve/published/2025/CVE.json']) {
    const folder = await temporaryFolder(t)
    await put(folder, layout.replace('CVE', RATED), record(RATED, [], [{ cvssV3_1: V31 }]))
    await put(folder, `${UNRATED}.json`, record(UNRATED, []))
    const { gaps } = await withSeverity(reportOf(gapOf([RATED, UNRATED, ELSEWHERE]), gapOf([])), folder)
    assert.deepEqual(
      gaps.map(({ severity }) => severity),
      [[{ cve: RATED, level: 'high', score: 7.8, vector: V31.vectorString, source: 'CVSS 3.1 by CISA-ADP' }], []],
    )
    assert.equal(
      cveOf(gaps[0]!),
      `severity of ${RATED}: high 7.8 (CVSS 3.1 by CISA-ADP), ${UNRATED}: none known, ${ELSEWHERE}: none known`,
    )
    assert.equal(cveOf(gaps[1]!), 'no CVE')
  }
})

test('one record: its CNA before others, the newest CVSS first, and a score without a word', async (t) => {
  const folder = await temporaryFolder(t)
  const both = await put(
    folder,
    'a.json',
    record(RATED, [{ cvssV2_0: V2 }, { cvssV3_1: { ...V31, baseScore: 5 } }], [{ cvssV3_1: V31 }]),
  )
  const [gap] = (await withSeverity(reportOf(gapOf([RATED])), both)).gaps
  assert.deepEqual([gap?.severity?.[0]?.score, gap?.severity?.[0]?.source], [5, 'CVSS 3.1 by Linux'])
  const old = await put(folder, 'b.json', record(RATED, [{ cvssV2_0: V2 }]))
  const [other] = (await withSeverity(reportOf(gapOf([RATED])), old)).gaps
  assert.equal(cveOf(other!), `severity of ${RATED}: 7.2 (CVSS 2.0 by Linux)`)
})

test("Debian's security tracker: the urgency in the release whose kernels are of the series", async (t) => {
  const release = (version: string, urgency: string) => ({
    status: 'open',
    repositories: { x: version, 'x-security': version },
    urgency,
  })
  const releases = { bookworm: release('6.1.147-1', 'unimportant'), trixie: release('6.12.41-1', 'not yet assigned') }
  const file = await put(await temporaryFolder(t), 'json', JSON.stringify({ linux: { [RATED]: { releases } }, zlib: {} }))
  const { gaps } = await withSeverity(reportOf(gapOf([RATED]), gapOf([RATED], '6.12.y'), gapOf([RATED], '5.10.y')), file)
  assert.deepEqual(gaps.map(cveOf), [
    `severity of ${RATED}: unimportant (Debian's tracker for bookworm)`,
    `severity of ${RATED}: none known`,
    `severity of ${RATED}: none known`,
  ])
})

test('what is no source is refused by name, and hostile text stays text', async (t) => {
  const folder = await temporaryFolder(t)
  const report = reportOf(gapOf([RATED]))
  const refused = (path: string, what: RegExp) =>
    assert.rejects(withSeverity(report, path), (error) => error instanceof UserError && what.test(error.message))
  await refused(join(folder, 'nowhere'), /^cannot read .*nowhere: ENOENT$/)
  await refused(await put(folder, 'x.json', '{"linux": 1}'), /x\.json is neither a CVE record nor/)
  await put(folder, `2025/${RATED}.json`, '{}')
  await refused(folder, new RegExp(`${RATED}\\.json is not a CVE record`))
  await put(folder, `${RATED}.json`, record(RATED, [{ cvssV3_1: { ...V31, baseSeverity: 'high\n\u001b[31mowned' } }]))
  const told = await withSeverity(report, folder)
  assert.equal(renderGapsText(told).includes('\u001b'), false)
  assert.doesNotMatch(renderGapsText(told), /\nowned/)
  assert.deepEqual(gapsSchema.parse(JSON.parse(JSON.stringify(told))), told)
})

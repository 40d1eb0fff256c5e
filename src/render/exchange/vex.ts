/**
 * CycloneDX 1.6 VEX: which kernels are affected by which CVE, for tools that security teams use. Fixes without a
 * CVE are left out: VEX speaks of vulnerabilities alone.
 */
import type { Verdict } from '#domain/judgement.ts'
import type { CaseContradiction, Report, ReportKernel } from '#domain/report/matrix.ts'
import { oneLine } from '../text/format.ts'
import { commitsOf, contradictionWords, resultsOf, type Result } from './results.ts'

type State = 'resolved' | 'exploitable' | 'in_triage'

/** A case that cannot be asked of a kernel does not show that the kernel is not affected: a module may just not be there. */
const STATES: Readonly<Record<Verdict, State>> = {
  carries: 'resolved',
  lacks: 'exploitable',
  'not-applicable': 'in_triage',
  inconclusive: 'in_triage',
  error: 'in_triage',
  'no-result': 'in_triage',
}

/** Render a report as CycloneDX JSON. */
export function renderVex(report: Report): string {
  const results = resultsOf(report).filter(({ case: theCase }) => theCase.fixes.some(({ cve }) => cve.length > 0))
  const data = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: report.run.startedAt,
      tools: { components: [{ type: 'application', name: 'kwitness' }] },
      properties: [{ name: 'kwitness:run', value: oneLine(report.run.id) }, ...report.caseContradictions.map(propertyOf)],
    },
    components: report.kernels.map(componentOf),
    vulnerabilities: vulnerabilitiesOf(results),
  }
  return `${JSON.stringify(data, null, 1)}\n`
}

/** What a claim source contradicts in case.json changes no state: VEX says what was seen. */
function propertyOf(contradiction: CaseContradiction): object {
  const { case: name, series } = contradiction
  const value = oneLine(`${name} on ${series}: ${contradictionWords(contradiction)}`)
  return { name: 'kwitness:case-data-contradicted', value }
}

function componentOf(kernel: ReportKernel): object {
  const purl = purlOf(kernel)
  return {
    type: 'operating-system',
    'bom-ref': kernel.id,
    name: 'linux',
    version: oneLine(kernel.build),
    description: oneLine(kernel.id),
    ...(purl === null ? {} : { purl }),
    ...(kernel.sha256 === null ? {} : { hashes: [{ alg: 'SHA-256', content: kernel.sha256 }] }),
  }
}

/** The package URL of a kernel that Debian ships; null for others. */
function purlOf({ provider, build, arch }: ReportKernel): string | null {
  if (provider !== 'debian') return null
  return `pkg:deb/debian/linux@${encodeURIComponent(build)}?arch=${arch === 'x86_64' ? 'amd64' : 'arm64'}`
}

/** One vulnerability for each CVE and state: CycloneDX gives an analysis to a vulnerability, not to what it affects. */
function vulnerabilitiesOf(results: readonly Result[]): object[] {
  const byCve = results.flatMap((result) => {
    const names = new Set(result.case.fixes.flatMap(({ cve }) => cve))
    return [...names].map((cve) => ({ cve, state: STATES[result.cell.verdict], result }))
  })
  const groups = [...Map.groupBy(byCve, ({ cve, state }) => `${cve} ${state}`)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return groups.map(([key, own]) => {
    const { cve, state, result } = own[0]!
    const cases = new Set(own.map(({ result: { case: theCase } }) => theCase.id))
    const says = own.map(({ result: { kernel, cell } }) => `${kernel.id}: ${cell.summary}`)
    return {
      'bom-ref': key.replaceAll(' ', '-'),
      id: cve,
      source: { name: 'CVE' },
      description: oneLine(result.case.title),
      advisories: commitsOf(result.case).map((commit) => ({ title: commit, url: `https://git.kernel.org/linus/${commit}` })),
      analysis: {
        state,
        detail: oneLine(`kwitness ${[...cases].join(', ')}: ${says.join('; ')}`),
      },
      affects: own.map(({ result: { kernel } }) => ({ ref: kernel.id })),
    }
  })
}

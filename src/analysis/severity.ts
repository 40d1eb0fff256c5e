/** Severities as others have published them: nothing is computed here, and nothing is said where they say nothing. */
import type { Gap, GapSeverity } from '#domain/report/gaps.ts'

/** A CVSS of a record, as its schema demands it. */
interface Cvss {
  readonly version: string
  readonly vectorString: string
  readonly baseScore: number
  readonly baseSeverity?: string | undefined
}

interface Container {
  readonly providerMetadata?: { readonly shortName?: string | undefined } | undefined
  readonly metrics?:
    | readonly {
        readonly cvssV4_0?: Cvss | undefined
        readonly cvssV3_1?: Cvss | undefined
        readonly cvssV3_0?: Cvss | undefined
        readonly cvssV2_0?: Cvss | undefined
      }[]
    | undefined
}

/** A CVE record, as much as severities need. */
export interface SeverityRecord {
  readonly cveMetadata: { readonly cveId: string }
  readonly containers: { readonly cna?: Container | undefined; readonly adp?: readonly Container[] | undefined }
}

/** The severity in a CVE record: of its CNA before others, by the newest CVSS. Null where the record has none. */
export function severityOfRecord({ cveMetadata, containers }: SeverityRecord): GapSeverity | null {
  const all = [...(containers.cna ? [containers.cna] : []), ...(containers.adp ?? [])]
  for (const { providerMetadata, metrics = [] } of all) {
    const found = (['cvssV4_0', 'cvssV3_1', 'cvssV3_0', 'cvssV2_0'] as const).flatMap((key) =>
      metrics.flatMap((metric) => metric[key] ?? []),
    )[0]
    if (!found) continue
    const { version, vectorString, baseScore, baseSeverity } = found
    return {
      cve: cveMetadata.cveId,
      level: baseSeverity?.toLowerCase() ?? null,
      score: baseScore,
      vector: vectorString,
      source: `CVSS ${version} by ${providerMetadata?.shortName ?? 'the CNA'}`,
    }
  }
  return null
}

/** What Debian's tracker says of its source package linux. */
export interface SeverityTracker {
  readonly linux: Readonly<
    Record<
      string,
      | {
          readonly releases?:
            | Readonly<
                Record<string, { readonly repositories: Readonly<Record<string, string>>; readonly urgency?: string | undefined }>
              >
            | undefined
        }
      | undefined
    >
  >
}

/** What the tracker has where nobody has judged yet. */
const NOT_JUDGED = 'not yet assigned'

/** The urgency that Debian gives a CVE in the release that has kernels of the gap's series. Null where it gives none. */
export function severityOfTracker({ linux }: SeverityTracker, cve: string, { series }: Pick<Gap, 'series'>): GapSeverity | null {
  const beginning = series.replace(/y$/, '')
  for (const [release, { repositories, urgency }] of Object.entries(linux[cve]?.releases ?? {})) {
    if (!Object.values(repositories).some((version) => version.startsWith(beginning))) continue
    if (urgency === undefined || urgency === NOT_JUDGED) return null
    return { cve, level: urgency, score: null, vector: null, source: `Debian's tracker for ${release}` }
  }
  return null
}

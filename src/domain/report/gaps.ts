/** Gaps: fixes that the newest kernel of a series lacks. */
import type { Claim } from '../judgement.ts'

/** Whether the upstream commit applies to the kernel's release in a git tree, unchanged. */
export type GapPatch = { readonly applies: boolean; readonly summary: string } | { readonly unavailable: string }

/** A patch that a stored verification has seen fix a case on a base of the series, and change nothing else. */
export interface GapFix {
  /** Its name; several of a series are separated by commas. */
  readonly patch: string
  /** The source that it was put on: `linux-source-5.10 5.10.262-1`. */
  readonly base: string
  readonly run: string
}

/** How severe a CVE is, as its source says it. */
export interface GapSeverity {
  readonly cve: string
  /** `high`, `unimportant`: the source's own word; null where it has a score alone. */
  readonly level: string | null
  /** A CVSS base score (0..10) and its vector; null where the source has none. */
  readonly score: number | null
  readonly vector: string | null
  /** `CVSS 3.1 by CISA-ADP`. */
  readonly source: string
}

export interface Gap {
  readonly series: string
  /** Id and version of the newest kernel of the series and flavour. */
  readonly kernel: string
  readonly version: string
  readonly case: string
  readonly title: string
  /** Upstream commits, as case.json has them. */
  readonly commits: readonly string[]
  readonly cve: readonly string[]
  /** Of its CVEs that the source knows a severity of; null where no source was asked. */
  readonly severity: readonly GapSeverity[] | null
  /** The first mainline release with the fix, and its date (ISO 8601); null where they are not known. */
  readonly mainline: string | null
  readonly mainlineDate: string | null
  /** Series whose newest kernel carries the fix, in order. */
  readonly carriedBy: readonly string[]
  /** What the claim sources say of this kernel. */
  readonly claim: Claim
  readonly claimSource: string
  /** What was seen, one sentence. */
  readonly summary: string
  /** Null where no git tree was asked. */
  readonly patch: GapPatch | null
  /** Null where no stored verification has seen one. */
  readonly verified: GapFix | null
}

export interface GapKernel {
  readonly series: string
  readonly kernel: string
  readonly version: string
  readonly lacks: number
  /** Fixes that it was seen to carry or lack, and all of the run. */
  readonly answers: number
  readonly cases: number
  /** Id of the newest kernel of its branch that is listed and was not tested; null for none. */
  readonly newer: string | null
}

export interface GapReport {
  readonly schema: 'kwitness.gaps/1'
  readonly run: { readonly id: string; readonly startedAt: string }
  /** The newest kernels that were tested, one for each series and flavour, in order. */
  readonly kernels: readonly GapKernel[]
  /** By series, then by how long mainline has had the fix, the longest first. */
  readonly gaps: readonly Gap[]
}

/**
 * Kernel versions. They compare inside a series only, because fixes are backported:
 * 6.1.170 can carry what 6.16 lacks.
 */

const PATTERN = /^(\d+)\.(\d+)(?:\.(\d+))?(?:[-~]rc(\d+))?$/

export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** Release candidate number, or null for a release. */
  readonly rc: number | null
}

/** Read `6.1.170`, `7.3` or `7.3~rc7`; null for anything else. */
export function parseVersion(text: string): Version | null {
  const match = PATTERN.exec(text)
  if (!match) return null
  const [, major, minor, patch, rc] = match
  return { major: Number(major), minor: Number(minor), patch: Number(patch ?? 0), rc: rc === undefined ? null : Number(rc) }
}

/** `6.1.y` for `6.1.170`; the text itself when it is not a version. */
export function seriesOf(text: string): string {
  const version = parseVersion(text)
  return version ? `${version.major}.${version.minor}.y` : text
}

/** Order of two version texts; release candidates come before their release, unreadable texts last by code unit. */
export function compareVersions(left: string, right: string): number {
  const a = parseVersion(left)
  const b = parseVersion(right)
  if (!a || !b) return a ? -1 : b ? 1 : left < right ? -1 : left > right ? 1 : 0
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    (a.rc ?? Number.MAX_SAFE_INTEGER) - (b.rc ?? Number.MAX_SAFE_INTEGER)
  )
}

/** Whether a need that ends with a release (`6.12`) applies to a kernel of this version; null: to every one. */
export function isNeededOn(version: string, until: string | null): boolean {
  return until === null || compareVersions(version, until) < 0
}

/** Order of two series words (`5.10.y` before `6.1.y`). */
export function compareSeries(left: string, right: string): number {
  return compareVersions(left.replace(/\.y$/, ''), right.replace(/\.y$/, ''))
}

/** How many stable releases lie between two versions of one series; infinite where one of them is not a version. */
export function patchDistance(left: string, right: string): number {
  const [a, b] = [parseVersion(left), parseVersion(right)]
  return a && b ? Math.abs(a.patch - b.patch) : Number.POSITIVE_INFINITY
}

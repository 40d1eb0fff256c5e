/** Reads how severe the CVEs of gaps are, from files that the user has: CVE records, or the data of Debian's security tracker. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { severityOfRecord, severityOfTracker } from '#analysis/severity.ts'
import { UserError } from '#domain/errors.ts'
import type { Gap, GapReport, GapSeverity } from '#domain/report/gaps.ts'
import { whenUnreadable } from '#harness/support/workspace.ts'
import { cveRecordSchema, debianTrackerSchema } from '#schema/catalogue/severity.ts'
import { parseJson } from '#schema/read.ts'

const HINT = "give a CVE record (JSON 5), a folder with records, or the JSON of Debian's security tracker"

/** Looks up one CVE of a gap. */
type Source = (cve: string, gap: Gap) => Promise<GapSeverity | null>

/**
 * The same report with what `path` says of each CVE: an empty list where it says nothing. Throws UserError for a path that cannot
 * be read, and for a file that is neither.
 */
export async function withSeverity(report: GapReport, path: string): Promise<GapReport> {
  const find = await openSource(path)
  const gaps: Gap[] = []
  for (const gap of report.gaps) {
    const found: GapSeverity[] = []
    for (const cve of gap.cve) {
      const one = await find(cve, gap)
      if (one !== null) found.push(one)
    }
    gaps.push({ ...gap, severity: found })
  }
  return { ...report, gaps }
}

async function openSource(path: string): Promise<Source> {
  const known = await stat(path).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UserError(`cannot read ${path}: ${code}`, HINT)
  })
  if (known.isDirectory()) return (cve) => inFolder(path, cve)
  const text = await readFile(path, 'utf8')
  const record = parseJson(cveRecordSchema, text)
  if (record.value !== null) {
    const { value } = record
    return async (cve) => (value.cveMetadata.cveId === cve ? severityOfRecord(value) : null)
  }
  const tracker = parseJson(debianTrackerSchema, text)
  if (tracker.value !== null) {
    const { value } = tracker
    return async (cve, gap) => severityOfTracker(value, cve, gap)
  }
  throw new UserError(`${path} is neither a CVE record nor the data of Debian's security tracker`, HINT)
}

/** Where the repositories of CVE records, and of the kernel's CNA, keep one. */
function placesOf(folder: string, cve: string): string[] {
  const [, year = '', number = ''] = /^CVE-(\d{4})-(\d{4,})$/.exec(cve) ?? []
  if (year === '') return []
  const thousands = `${number.slice(0, -3)}xxx`
  const below = [[], [year], [year, thousands], ['cves', year, thousands], ['published', year], ['cve', 'published', year]]
  return below.map((names) => join(folder, ...names, `${cve}.json`))
}

async function inFolder(folder: string, cve: string): Promise<GapSeverity | null> {
  for (const place of placesOf(folder, cve)) {
    const text = await readFile(place, 'utf8').catch(whenUnreadable(null))
    if (text === null) continue
    const { value, problem } = parseJson(cveRecordSchema, text)
    if (value === null) throw new UserError(`${place} is not a CVE record: ${problem.text.split('\n')[0]}`, HINT)
    return severityOfRecord(value)
  }
  return null
}

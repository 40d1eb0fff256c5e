/** Changelogs as rpm prints them, in the form of Debian's, which src/analysis/claims/changelog.ts reads. */

/** `* Wed Nov 08 2023 Jan Stancek <j@example.org> [5.14.0-362.13.1.el9_3]` begins the changes of one build. */
const BLOCK = /^\* \w{3} \w{3} [ \d]\d \d{4} /
/** Behind a subject: the tickets, `[RHEL-8594]` or `[2121330 2121331]`, and the advisories, `{CVE-2023-1}`. */
const TICKETS = /\s+(?:\[[^[\]]*\]|\{[^{}]*\})$/
/** The author (Red Hat) or the tickets (SUSE, which ends with a full stop); `foo()` is part of a subject. */
const PARENTHESIS = /\s+\([^()]+\)\.?$/
const CVE = /CVE-\d{4}-\d+/g

/** The subject of an entry without what its vendor adds to it, and its CVEs as Debian marks them. */
function lineOf(entry: string): string {
  const cves = [...new Set(entry.match(CVE))]
  let subject = entry
  while (TICKETS.test(subject)) subject = subject.replace(TICKETS, '')
  subject = subject.replace(PARENTHESIS, '')
  return `  * ${subject.trim()}${cves.length > 0 ? ` (${cves.join(', ')})` : ''}`
}

/**
 * The changelog of an rpm as that of a Debian package of one version, `build`: what the package of a kernel lists is in that
 * kernel. The oldest change comes first, because the last one that names a commit decides.
 */
export function changelogOfRpm(text: string, build: string): string {
  const blocks: string[][] = []
  for (const line of text.split('\n')) {
    const block = blocks.at(-1)
    const last = block?.at(-1)
    if (BLOCK.test(line)) blocks.push([])
    else if (block && line.startsWith('- ')) block.push(line.slice(2).trim())
    else if (block && last !== undefined && /^\s+\S/.test(line)) block[block.length - 1] = `${last} ${line.trim()}`
  }
  const lines = blocks.toReversed().flatMap((block) => block.map(lineOf))
  return [`linux (${build}) rpm; urgency=medium`, '', ...lines, ''].join('\n')
}

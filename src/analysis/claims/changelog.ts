/** Parses Debian changelogs of kernels: the changes of each package version, with the stable release they came from. */
import { partsOf, versionOfBuild } from '#domain/changelog.ts'
import { parseVersion } from '#domain/version.ts'

/** One item of a changelog, its continuation lines joined. */
export interface Entry {
  /** Package version that brought it: `6.12.29-1`. */
  readonly build: string
  /** Stable release whose list contains it: `6.12.29`; null for Debian's own changes. */
  readonly release: string | null
  /** Subject of the commit, without Debian's marks around it. */
  readonly subject: string
  readonly cve: readonly string[]
}

/** The changes of one package version. */
export interface VersionEntries {
  readonly build: string
  /** `6.12.y`. */
  readonly series: string
  readonly entries: readonly Entry[]
  /** Stable releases with a list below them; a release that is only named does not count. */
  readonly releases: readonly string[]
}

/** `6.12.y` of a package version; the text itself if it is not a version. */
function seriesOfBuild(build: string): string {
  const version = parseVersion(versionOfBuild(build))
  return version ? `${version.major}.${version.minor}.y` : build
}

/** The versions of a changelog that belong to a wanted series, newest first as in the text; empty for any other text. */
export function readChangelog(text: string, wants: (series: string) => boolean = () => true): VersionEntries[] {
  return partsOf(text).flatMap(({ build, start, end }) => {
    const series = seriesOfBuild(build)
    return wants(series) ? [{ build, series, ...entriesOf(text.slice(start, end), build) }] : []
  })
}

const BULLET = '  * '
const ITEM = '    - '
const CONTINUED = '    '
const LIST = /ChangeLog-(\d+\.\d+(?:\.\d+)?)$/

/** The entries of one version in the order of the text, which is the order of the commits, and the releases listed. */
function entriesOf(text: string, build: string): Pick<VersionEntries, 'entries' | 'releases'> {
  const entries: Entry[] = []
  const releases = new Set<string>()
  let release: string | null = null
  // A small release may add nothing new to Debian's kernel: the changelog names it and continues with the next list.
  let named: string[] = []
  let isList = false
  let open: string | null = null
  const close = (): void => {
    if (open !== null) entries.push(entryOf(open, build, release))
    open = null
  }
  for (const line of text.split('\n')) {
    const bullet = line.startsWith(BULLET)
    if (line.startsWith(ITEM)) {
      close()
      isList = release !== null
      for (const one of named.splice(0)) releases.add(one)
      open = line.slice(ITEM.length)
    } else if (bullet || line.startsWith(CONTINUED)) {
      const list = line.includes('ChangeLog-') ? LIST.exec(line) : null
      if (bullet) {
        close()
        release = null
        named = []
        isList = false
      }
      if (list) {
        // The line that announces a list is not an entry, whether a bullet of its own or the second list of one.
        if (open !== null && !open.startsWith('New upstream')) close()
        open = null
        release = list[1] ?? ''
        if (isList) releases.add(release)
        else named.push(release)
      } else if (bullet) open = line.slice(BULLET.length)
      else if (open !== null) open += ` ${line.trimStart()}`
    } else {
      close()
    }
  }
  close()
  return { entries, releases: [...releases] }
}

/** `[amd64] `, `[arm64,armhf] `: Debian's mark before a subject for these architectures. */
const ARCHITECTURES = /^(?:\[[a-z0-9!/_, -]+\] )+/
/** `(CVE-2026-99288)`, `(Closes: #1126710)` behind the subject. */
const MARKS = / ?\((?:CVE-\d{4}-\d+|(?:Closes|LP): #?\d+)(?:,? *(?:CVE-\d{4}-\d+|#\d+))*\)$/i

function entryOf(text: string, build: string, release: string | null): Entry {
  const cve: string[] = []
  let subject = text.startsWith('[') ? text.replace(ARCHITECTURES, '').trim() : text.trim()
  while (subject.endsWith(')')) {
    const marks = MARKS.exec(subject)
    if (!marks) break
    cve.unshift(...(marks[0].match(/CVE-\d{4}-\d+/gi) ?? []))
    subject = subject.slice(0, marks.index)
  }
  return { build, release, subject, cve }
}

/** A subject for comparison: without blanks, because Debian wraps lines, at hyphens too. */
export function subjectKey(subject: string): string {
  return subject.replaceAll(/\s+/g, '')
}

/** The action of an entry: the subject of the commit, and whether the entry applies or reverts it. */
export interface EntryAction {
  readonly subject: string
  readonly does: 'applies' | 'reverts'
}

const REVERT = /^(?:[\w ./,*+-]+: )*Revert "(.*)"$/
const REAPPLY = /^(?:[\w ./,*+-]+: )*Reapply "(.*)"$/

/** Resolve `Revert "..."`: a revert of a revert applies again. */
export function entryActionOf(subject: string): EntryAction {
  if (!subject.endsWith('"')) return { subject, does: 'applies' }
  let [inner, reverts] = [subject, false]
  for (;;) {
    const revert = REVERT.exec(inner)
    if (revert) [inner, reverts] = [revert[1] ?? '', !reverts]
    else {
      const again = REAPPLY.exec(inner)
      if (!again) return { subject: inner, does: reverts ? 'reverts' : 'applies' }
      inner = again[1] ?? ''
    }
  }
}

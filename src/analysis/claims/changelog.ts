/** Debian changelogs of kernels, read: what each version brought, entry by entry, with the stable release it came from. */
import { partsOf, versionOfBuild } from '#domain/changelog.ts'
import { parseVersion } from '#domain/version.ts'

/** One line of a changelog, its continuations joined. */
export interface Entry {
  /** Package version that brought it: `6.12.29-1`. */
  readonly build: string
  /** Stable release whose list it stands in: `6.12.29`; null for what Debian did itself. */
  readonly release: string | null
  /** Subject of the commit, without the marks that Debian puts around it. */
  readonly subject: string
  readonly cve: readonly string[]
}

/** What one package version brought. */
export interface Stanza {
  readonly build: string
  /** `6.12.y`. */
  readonly series: string
  readonly entries: readonly Entry[]
  /** Stable releases it lists. One that is named alone, with nothing below, is none of them. */
  readonly releases: readonly string[]
}

/** `6.12.y` of a package version; the version itself where it is none. */
function seriesOfBuild(build: string): string {
  const version = parseVersion(versionOfBuild(build))
  return version ? `${version.major}.${version.minor}.y` : build
}

/** Read the parts of a changelog that are of a wanted series, newest first as in the text; none of any other text. */
export function readChangelog(text: string, wants: (series: string) => boolean = () => true): Stanza[] {
  return partsOf(text).flatMap(({ build, start, end }) => {
    const series = seriesOfBuild(build)
    return wants(series) ? [{ build, series, ...entriesOf(text.slice(start, end), build) }] : []
  })
}

const BULLET = '  * '
const ITEM = '    - '
const CONTINUED = '    '
const LIST = /ChangeLog-(\d+\.\d+(?:\.\d+)?)$/

/** The entries of one stanza in the order of the text, which is the order of the commits, and the lists they make up. */
function entriesOf(text: string, build: string): Pick<Stanza, 'entries' | 'releases'> {
  const entries: Entry[] = []
  const releases = new Set<string>()
  let release: string | null = null
  // A small release adds nothing to what Debian had already: it is named, and the list goes on with the next.
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
        // What announces a list is no entry, be it a bullet of its own or the second list of one.
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

/** `[amd64] `, `[arm64,armhf] `: what Debian puts before a subject that is about these alone. */
const ARCHITECTURES = /^(?:\[[a-z0-9!/_, -]+\] )+/
/** `(CVE-2026-99288)`, `(Closes: #1126710)` behind it. */
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

/** A subject as it is compared: Debian wraps lines, at hyphens too, so blanks say nothing. */
export function subjectKey(subject: string): string {
  return subject.replaceAll(/\s+/g, '')
}

/** What an entry does to a commit: the commit's own subject, and whether it puts it in or takes it out. */
export interface EntryAction {
  readonly subject: string
  readonly does: 'applies' | 'reverts'
}

const REVERT = /^(?:[\w ./,*+-]+: )*Revert "(.*)"$/
const REAPPLY = /^(?:[\w ./,*+-]+: )*Reapply "(.*)"$/

/** Read through `Revert "..."`: a revert of a revert applies again. */
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

/** Changelogs to test with: a short one after those of Debian, and any other from plain data, wrapped as Debian wraps. */
import { readChangelog } from '#analysis/claims/changelog.ts'
import { parseChangelogMentions, type KernelChangelog } from '#analysis/claims/from-changelog.ts'
import type { Case } from '#domain/case.ts'

/** What one package version brings, for `changelog` below. */
export interface Brings {
  readonly build: string
  /** `6.12.29`, with what its list holds. */
  readonly lists?: Readonly<Record<string, readonly string[]>>
  /** Debian's own. */
  readonly own?: readonly string[]
}

const WIDTH = 80

/** Text as the script that writes Debian's changelogs fills it: at blanks, and behind hyphens. */
function filled(first: string, rest: string, text: string): string {
  const lines: string[] = []
  let line = first
  for (const piece of text.match(/[^\s-]*(?:-+|\s+|$)/g) ?? []) {
    if (line.length + piece.trimEnd().length > WIDTH && line.trim().length > 1) {
      lines.push(line.trimEnd())
      line = rest
    }
    line += piece
  }
  return [...lines, line.trimEnd()].join('\n')
}

/** The text of a changelog; its first part is of a signed package, as those in the packages of images are. */
export function changelog(parts: readonly Brings[], signed = true): string {
  return parts
    .map(({ build, lists = {}, own = [] }, index) => {
      const releases = Object.entries(lists)
      const head =
        signed && index === 0
          ? `linux-signed-amd64 (${build.replace('-', '+')}) unstable; urgency=medium\n\n  * Sign kernel from linux ${build}`
          : `linux (${build}) unstable; urgency=medium`
      const update = releases.length > 0 ? ['  * New upstream stable update:'] : []
      const listed = releases.flatMap(([release, subjects]) => [
        `    https://www.kernel.org/pub/linux/kernel/v${release.split('.')[0]}.x/ChangeLog-${release}`,
        ...subjects.map((subject) => filled('    - ', '      ', subject)),
      ])
      const lines = [...update, ...listed, '', '  [ Somebody ]', ...own.map((subject) => filled('  * ', '    ', subject))]
      return `${head}\n\n${lines.join('\n')}\n\n -- Somebody <somebody@debian.org>  Sun, 15 Nov 2026 23:30:52 +0100\n`
    })
    .join('\n')
}

/** A changelog read for some cases, as it serves a kernel. */
export function changelogOf(
  parts: readonly Brings[],
  cases: readonly Pick<Case, 'fixes' | 'claim'>[],
  instead: string | null = null,
): KernelChangelog {
  return { ...parseChangelogMentions(readChangelog(changelog(parts)), cases), build: parts[0]?.build ?? '', instead }
}

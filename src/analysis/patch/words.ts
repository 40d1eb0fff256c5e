/** What the words above a patch say: its subject where no header does, the commits it is, and the commits of a `git log`. */
import { UserError } from '#domain/errors.ts'
import { findSections, joinSections } from './sections.ts'
import type { MailedPatch } from './series.ts'

/** Which commits the words of a patch say it is. */
export function commitsOf(words: string): string[] {
  const patterns = [
    /^From ([0-9a-f]{40}) /gm,
    /\(cherry[ -]picked from commit ([0-9a-f]{12,40})\)/g,
    /^\s*\[?\s*(?:upstream )?commit ([0-9a-f]{12,40})(?: upstream|\s*\])/gim,
  ]
  const found = patterns.flatMap((pattern) => [...words.matchAll(pattern)].map(([, hash]) => hash ?? ''))
  return [...new Set(found)].filter((hash) => !/^0+$/.test(hash))
}

/** The subject of a line `Subject:` in the words of a text that is not a mail; empty without one. */
export function subjectIn(words: string): string {
  return /^Subject: *(.*(?:\n[ \t].*)*)/m.exec(words)?.[1]?.replaceAll(/\s+/g, ' ').trim() ?? ''
}

/** A subject without `[PATCH]` and the like. */
export const plainSubject = (subject: string) => subject.replace(/^(?:\s*(?:re|fwd?|aw):|\s*\[[^\]]*\])*\s*/i, '')

const COMMIT = /^commit ([0-9a-f]{7,64})(?: .*)?\r?$/m

/** Whether a text is what `git show` or `git log -p` prints. */
export function isGitLog(text: string): boolean {
  return /^\s*commit [0-9a-f]{7,64}(?: .*)?\r?\n(?:(?:Merge|tree|Author|parent):? )/.test(text)
}

/** The patches of a `git log -p`, as it prints them. Throws UserError for a merge, which has no diff that can be applied. */
export function parseGitLog(text: string, label: string): MailedPatch[] {
  return text.split(new RegExp(`(?=${COMMIT.source})`, 'm')).flatMap((one): MailedPatch[] => {
    const hash = COMMIT.exec(one)?.[1]
    if (hash === undefined) return []
    if (/^diff --(?:cc|combined) /m.test(one)) {
      throw new UserError(
        `${label}: commit ${hash.slice(0, 12)} is a merge, whose combined diff cannot be applied`,
        'leave it out',
      )
    }
    const patch = joinSections(findSections(one, `${label}: commit ${hash.slice(0, 12)}`))
    if (patch === '') return []
    const message = one.split(/^diff --git /m)[0] ?? ''
    const words = [...message.matchAll(/^ {4}(.*)$/gm)].map(([, line]) => Buffer.from(line ?? '', 'latin1').toString('utf8'))
    const subject = words[0]?.trim() ?? ''
    return [{ subject, rawSubject: subject, commits: [hash, ...commitsOf(words.join('\n'))], text: patch }]
  })
}

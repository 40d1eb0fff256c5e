/** The claim of a git tree about a fix: the commit itself, a backport that names it, reverts resolved. */
import type { Case, Fix } from '#domain/case.ts'
import type { GitTreeSource, GitTreeCommit } from '#domain/claim-sources.ts'
import { entryActionOf } from './changelog.ts'
import type { SourceClaim } from './from-changelog.ts'

/** `commit HASH upstream.`, `[ Upstream commit HASH ]`, `(cherry picked from commit HASH)`. */
const MADE_FROM = [
  /^\s*commit ([0-9a-f]{12,40}) upstream\.?\s*$/i,
  /^\s*\[\s*upstream commit ([0-9a-f]{12,40})\s*\]\s*$/i,
  /^\s*\(cherry picked from commit ([0-9a-f]{12,40})\b.*\)\s*$/i,
]
/** Hashes behind `This reverts commit`; in stable trees also the mainline hash, `which is commit HASH upstream`. */
const REVERTS = /^\s*This reverts commit ([0-9a-f]{12,40})(?:.*? commit ([0-9a-f]{12,40}) upstream)?/i

const isSame = (left: string, right: string): boolean => left.startsWith(right) || right.startsWith(left)

/** The claim of a git tree about a case; null when it does not contain a fix without a mainline hash by its subject. */
export function gitTreeSays(theCase: Pick<Case, 'fixes'>, tree: GitTreeSource): SourceClaim | null {
  const claims = theCase.fixes.map((fix) => fixClaim(fix, tree))
  const notListed = claims.find((one) => one?.claim === 'not-listed')
  if (notListed) return notListed
  const listed = claims.filter((one) => one !== null)
  if (listed.length === 0 || listed.length < claims.length) return null
  return { claim: 'listed', source: listed.map(({ source }) => source).join('; ') }
}

/** Follow a fix from the oldest commit on: applied, reverted, applied again. */
function fixClaim(fix: Fix, { revision, commits }: GitTreeSource): SourceClaim | null {
  const inside: string[] = fix.commit === null ? [] : [fix.commit]
  const reverts: string[] = []
  let last: { commit: GitTreeCommit; does: 'applies' | 'reverts'; how: string } | null = null
  for (const commit of commits) {
    const undone = revertedBy(commit)
    const { subject, does } = entryActionOf(commit.subject)
    if (undone.some((hash) => reverts.some((out) => isSame(out, hash)))) {
      inside.push(commit.hash)
      last = { commit, does: 'applies', how: `reverts the revert ${short(undone[0])}` }
    } else if (undone.some((hash) => inside.some((own) => isSame(own, hash)))) {
      reverts.push(commit.hash)
      last = { commit, does: 'reverts', how: `reverts ${short(undone[0])}` }
    } else if (undone.length === 0 && isItself(fix, commit)) {
      last = { commit, does: 'applies', how: 'the fix itself' }
    } else if (undone.length === 0 && isMadeFrom(fix, commit)) {
      inside.push(commit.hash)
      last = { commit, does: 'applies', how: `says it is commit ${short(fix.commit ?? '')} upstream` }
    } else if (subject === fix.subject) {
      ;(does === 'applies' ? inside : reverts).push(commit.hash)
      last = { commit, does, how: 'by its subject' }
    }
  }
  if (last) {
    const { commit, does, how } = last
    const source = `git: ${short(commit.hash)} "${commit.subject}" in ${revision}, ${how}`
    return { claim: does === 'applies' ? 'listed' : 'not-listed', source }
  }
  if (fix.commit === null) return null
  return {
    claim: 'not-listed',
    source: `git: neither ${short(fix.commit)} nor a backport of it is in the history of ${revision}`,
  }
}

const short = (hash = ''): string => hash.slice(0, 12)

function isItself({ commit }: Fix, { hash }: GitTreeCommit): boolean {
  return commit !== null && isSame(hash, commit)
}

function isMadeFrom({ commit }: Fix, { lines }: GitTreeCommit): boolean {
  return commit !== null && lines.some((line) => MADE_FROM.some((form) => isSame(form.exec(line)?.[1] ?? '-', commit)))
}

function revertedBy({ lines }: GitTreeCommit): string[] {
  return lines.flatMap(
    (line) =>
      REVERTS.exec(line)
        ?.slice(1)
        .filter((hash) => hash !== undefined) ?? [],
  )
}

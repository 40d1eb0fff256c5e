/** What a git history says of a fix: itself in it, a backport that names it, reverts understood. */
import type { Case, Fix } from '#domain/case.ts'
import type { GitTreeSource, GitTreeCommit } from '#domain/claim-sources.ts'
import { entryActionOf } from './changelog.ts'
import type { Said } from './from-changelog.ts'

/** `commit HASH upstream.`, `[ Upstream commit HASH ]`, `(cherry picked from commit HASH)`. */
const MADE_FROM = [
  /^\s*commit ([0-9a-f]{12,40}) upstream\.?\s*$/i,
  /^\s*\[\s*upstream commit ([0-9a-f]{12,40})\s*\]\s*$/i,
  /^\s*\(cherry picked from commit ([0-9a-f]{12,40})\b.*\)\s*$/i,
]
/** Hashes behind `This reverts commit`: of stable trees also that of mainline, `which is commit HASH upstream`. */
const REVERTS = /^\s*This reverts commit ([0-9a-f]{12,40})(?:.*? commit ([0-9a-f]{12,40}) upstream)?/i

const isSame = (left: string, right: string): boolean => left.startsWith(right) || right.startsWith(left)

/** What a history says of a case; null when a fix that was never merged is not in it by its subject either. */
export function gitTreeSays(theCase: Pick<Case, 'fixes'>, history: GitTreeSource): Said | null {
  const said = theCase.fixes.map((fix) => fixSaid(fix, history))
  const notListed = said.find((one) => one?.claim === 'not-listed')
  if (notListed) return notListed
  const listed = said.filter((one) => one !== null)
  if (listed.length === 0 || listed.length < said.length) return null
  return { claim: 'listed', source: listed.map(({ source }) => source).join('; ') }
}

/** Follow a fix from the oldest commit on: put in, taken out, put in again. */
function fixSaid(fix: Fix, { revision, commits }: GitTreeSource): Said | null {
  const inside: string[] = fix.commit === null ? [] : [fix.commit]
  const outs: string[] = []
  let last: { commit: GitTreeCommit; does: 'applies' | 'reverts'; how: string } | null = null
  for (const commit of commits) {
    const undone = revertedBy(commit)
    const { subject, does } = entryActionOf(commit.subject)
    if (undone.some((hash) => outs.some((out) => isSame(out, hash)))) {
      inside.push(commit.hash)
      last = { commit, does: 'applies', how: `takes back the revert ${short(undone[0])}` }
    } else if (undone.some((hash) => inside.some((own) => isSame(own, hash)))) {
      outs.push(commit.hash)
      last = { commit, does: 'reverts', how: `reverts ${short(undone[0])}` }
    } else if (undone.length === 0 && isItself(fix, commit)) {
      last = { commit, does: 'applies', how: 'the fix itself' }
    } else if (undone.length === 0 && isMadeFrom(fix, commit)) {
      inside.push(commit.hash)
      last = { commit, does: 'applies', how: `says it is commit ${short(fix.commit ?? '')} upstream` }
    } else if (subject === fix.subject) {
      ;(does === 'applies' ? inside : outs).push(commit.hash)
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

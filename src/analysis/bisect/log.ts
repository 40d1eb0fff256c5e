/** Reads `git bisect log` of a bisection that a user began: git writes the commits behind its names as comments. */
import { UserError } from '#domain/errors.ts'

export interface BisectLog {
  readonly terms: { readonly old: string; readonly new: string }
  /** Full hashes in the order they were marked, the newest last. */
  readonly old: readonly string[]
  readonly new: readonly string[]
  readonly skip: readonly string[]
  readonly paths: readonly string[]
  readonly firstParent: boolean
}

const START = /^git bisect start(?: |$)/
const MARK = /^# (\S+): \[([0-9a-f]{40,64})\]/
/** A word in git's shell quoting. */
const WORD = /(?:'[^']*'|\\.)+/g
const TERM = /^--term-(old|good|new|bad)(?:=(.*))?$/

/** Read the text of `git bisect log`. Throws UserError when it is not one, or lacks an end. */
export function readBisectLog(text: string): BisectLog {
  const lines = text.split('\n')
  const start = lines.findLast((line) => START.test(line))
  if (start === undefined) throw new UserError('the file is not a git bisect log', 'git bisect log >FILE writes one')
  const marks = lines.flatMap((line) => {
    const [, term, hash] = MARK.exec(line) ?? []
    return term === undefined || hash === undefined ? [] : [{ term, hash }]
  })
  const { named, paths, firstParent } = readStart(start)
  const isOld = marks.some(({ term }) => term === 'old' || term === 'new')
  const terms = { old: named.old ?? (isOld ? 'old' : 'good'), new: named.new ?? (isOld ? 'new' : 'bad') }
  const of = (word: string) => marks.filter(({ term }) => term === word).map(({ hash }) => hash)
  const log = { terms, old: of(terms.old), new: of(terms.new), skip: of('skip'), paths, firstParent }
  for (const end of ['old', 'new'] as const) {
    if (log[end].length > 0) continue
    const hint = 'both ends are needed; git writes them as comments, so leave the comments in the file'
    throw new UserError(`the git bisect log marks no commit as ${terms[end]}`, hint)
  }
  return log
}

function readStart(line: string): Pick<BisectLog, 'paths' | 'firstParent'> & { named: { old?: string; new?: string } } {
  const words = [...line.matchAll(WORD)].map(([word]) => word.replaceAll(/'([^']*)'|\\(.)/g, '$1$2'))
  const at = words.indexOf('--')
  const [options, paths] = at < 0 ? [words, []] : [words.slice(0, at), words.slice(at + 1)]
  const named: { old?: string; new?: string } = {}
  for (const [index, option] of options.entries()) {
    const [, which, value] = TERM.exec(option) ?? []
    const term = value ?? options[index + 1]
    if (which !== undefined && term !== undefined) named[which === 'old' || which === 'good' ? 'old' : 'new'] = term
  }
  return { named, paths, firstParent: options.includes('--first-parent') }
}

/** Parses the output of GNU `patch` (LC_ALL=C): which hunks it applied, at which offset and with how much fuzz, and which not. */
import { decoded } from './paths.ts'

interface HunkResult {
  /** 1-based, within its file. */
  readonly hunk: number
  readonly failed: boolean
  readonly offset: number
  readonly fuzz: number
}

interface FileResult {
  readonly file: string
  /** Only hunks that the output mentions. */
  readonly hunks: readonly HunkResult[]
  /** Why patch applied none of its hunks; null when it tried them. */
  readonly trouble: string | null
}

export interface PatchResult {
  readonly files: readonly FileResult[]
  /** Why patch rejected the whole input, such as a malformed patch; null when it did not. */
  readonly stopped: string | null
}

const FILE = /^(?:patching|checking) (?:file|symbolic link) (.+?)(?: \((?:renamed|copied) from .*\)| using Plan [AB])?$/
const SUCCEEDED = /^Hunk #(\d+) (?:succeeded|applied) at \d+(?: with fuzz (\d+))?(?: \(offset (-?\d+) lines?\))?\.?$/
const FAILED = /^Hunk #(\d+) (?:FAILED|NOT MERGED) at /
const IGNORED = /^(\d+) out of \1 hunks? ignored/
const TROUBLES: readonly (readonly [RegExp, string])[] = [
  [/^can't find file to patch/, 'the file does not exist'],
  [/^The next patch would create the file (.+),$/, 'the patch creates a file that exists'],
  [/^The next patch would delete the file (.+),$/, 'the patch deletes a file that does not exist'],
  [/^Reversed \(or previously applied\) patch detected/, 'the patch looks already applied'],
  [/^File (.+) is not a regular file/, 'the path is not a regular file'],
]

/** Parse the output of one call; it skips lines that mention neither a hunk nor a file. */
export function parsePatchOutput(output: string): PatchResult {
  const files: { file: string; hunks: HunkResult[]; trouble: string | null }[] = []
  let stopped: string | null = null
  let pending: string | null = null
  for (const line of output.split('\n')) {
    const file = FILE.exec(line)?.[1]
    const [, hunk, fuzz = '0', offset = '0'] = SUCCEEDED.exec(line) ?? []
    const failed = FAILED.exec(line)?.[1]
    const trouble = TROUBLES.find(([pattern]) => pattern.test(line))
    const last = files.at(-1)
    if (file !== undefined) {
      files.push({ file: unquoted(file), hunks: [], trouble: null })
    } else if (hunk !== undefined) {
      last?.hunks.push({ hunk: Number(hunk), failed: false, fuzz: Number(fuzz), offset: Number(offset) })
    } else if (failed !== undefined) {
      last?.hunks.push({ hunk: Number(failed), failed: true, fuzz: 0, offset: 0 })
    } else if (trouble) {
      const named = trouble[0].exec(line)?.[1]
      pending = trouble[1]
      if (named !== undefined) files.push({ file: unquoted(named), hunks: [], trouble: pending })
      else if (line.startsWith("can't find")) files.push({ file: '', hunks: [], trouble: pending })
      else if (last) last.trouble = pending
    } else if (/^\|(?:---|\+\+\+) /.test(line) && last && last.trouble !== null) {
      const path = line.slice(5).replace(/\t.*$/, '').trim()
      if (path !== '/dev/null' && last.hunks.length === 0) last.file = path.replace(/^[^/]*\//, '')
    } else if (IGNORED.test(line) && last && last.trouble === null) {
      last.trouble = pending ?? 'patch ignored it'
    } else if (line.startsWith('patch: **** ')) {
      stopped = line.replace(/^patch: \*+ /, '')
    }
  }
  return { files, stopped }
}

/** A path as patch shows it, in shell's quotes where it has odd characters; one character per byte. */
const unquoted = (path: string) => decoded(path.replace(/^'(.*)'$/, '$1').replace(/^"(.*)"$/, '$1'))

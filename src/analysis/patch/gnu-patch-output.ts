/** Reads what `patch` (GNU, LC_ALL=C) says of a patch: which hunks went in, how far off, with how much fuzz; which did not. */

interface HunkSaid {
  /** 1-based, within its file. */
  readonly hunk: number
  readonly failed: boolean
  readonly offset: number
  readonly fuzz: number
}

interface FileSaid {
  readonly file: string
  /** Only hunks that patch has something to say about. */
  readonly hunks: readonly HunkSaid[]
  /** Why none of its hunks went in; null when they were tried. */
  readonly trouble: string | null
}

export interface PatchSaid {
  readonly files: readonly FileSaid[]
  /** What stopped patch as a whole: it is malformed, or none. */
  readonly stopped: string | null
}

const FILE = /^(?:patching|checking) (?:file|symbolic link) (.+?)(?: \((?:renamed|copied) from .*\)| using Plan [AB])?$/
const SUCCEEDED = /^Hunk #(\d+) (?:succeeded|applied) at \d+(?: with fuzz (\d+))?(?: \(offset (-?\d+) lines?\))?\.?$/
const FAILED = /^Hunk #(\d+) (?:FAILED|NOT MERGED) at /
const IGNORED = /^(\d+) out of \1 hunks? ignored/
const TROUBLES: readonly (readonly [RegExp, string])[] = [
  [/^can't find file to patch/, 'the file is not there'],
  [/^The next patch would create the file (.+),$/, 'it makes a file that is there already'],
  [/^The next patch would delete the file (.+),$/, 'it removes a file that is not there'],
  [/^Reversed \(or previously applied\) patch detected/, 'it looks as if it had been applied before'],
  [/^File (.+) is not a regular file/, 'it is about something that is no file'],
]

/** Read the output of one call. Lines that say nothing of a hunk or a file are passed over. */
export function parsePatchOutput(output: string): PatchSaid {
  const files: { file: string; hunks: HunkSaid[]; trouble: string | null }[] = []
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
      last.trouble = pending ?? 'patch left it out'
    } else if (line.startsWith('patch: **** ')) {
      stopped = line.replace(/^patch: \*+ /, '')
    }
  }
  return { files, stopped }
}

const unquoted = (path: string) => path.replace(/^'(.*)'$/, '$1').replace(/^"(.*)"$/, '$1')

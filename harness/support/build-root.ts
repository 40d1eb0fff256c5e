/** Where make runs. Make cannot express every path: a blank, a colon or a comma in one breaks the kernel's Makefiles. */
import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { InfraError } from '#domain/errors.ts'

/** Paths with other characters make may read as something else than a path. */
const PLAIN = /^[\w./+-]+$/

/** For large files that outlive a restart, on every Linux (file-hierarchy(7)). */
const OTHER_PLACE = '/var/tmp'

const roots = new Map<string, string>()

/**
 * The folder that sources, objects and headers of kernels lie in, and the locks on them: the cache. For every cache whose path
 * make cannot express it is one folder of this user, in KWITNESS_BUILD or else in /var/tmp. Throws InfraError when that folder
 * belongs to somebody else.
 */
export function buildRoot(cache: string, otherPlace: string = process.env['KWITNESS_BUILD'] || OTHER_PLACE): string {
  const key = `${otherPlace}\n${cache}`
  const known = roots.get(key)
  if (known !== undefined) return known
  const real = realPath(resolve(cache))
  const root = PLAIN.test(real) ? cache : openOwnFolder(real, otherPlace)
  roots.set(key, root)
  return root
}

/** The path without symbolic links, which make follows; the last parts need not exist. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path === dirname(path) ? path : join(realPath(dirname(path)), basename(path))
  }
}

/** Everybody may write to the place, so a folder there counts only when it is this user's and nobody else may write to it. */
function openOwnFolder(cache: string, place: string): string {
  const uid = process.getuid?.() ?? 0
  const folder = join(place, `kwitness-${uid}`)
  const hint = 'set KWITNESS_CACHE to a path of letters, digits and . _ + - alone, or KWITNESS_BUILD to a folder for builds'
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'EEXIST') {
      throw new InfraError(`make cannot work in ${cache}, and ${folder} cannot be made: ${code}`, hint, { cause })
    }
  }
  const state = lstatSync(folder)
  if (state.isDirectory() && state.uid === uid && (state.mode & 0o022) === 0) return folder
  throw new InfraError(`make cannot work in ${cache}, and ${folder} is not a folder that only this user can write`, hint)
}

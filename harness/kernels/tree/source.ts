/** Kernel sources: what a selector means as plain data, and its files brought into the cache once, whole and untouched after. */
import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import { exists, publishFolder } from '#harness/support/workspace.ts'
import { hashFile } from '../provider/cache.ts'
import { openAptRoot } from '../debian/apt.ts'
import type { PoolFile } from '../debian/packages.ts'
import { fetchPoolFile } from '../debian/pool.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'
import { findSourcePackage } from './debian.ts'
import type { TreePlace } from './selector.ts'

/** The source of a kernel, pinned: `key` (hex) says what is in it, whatever it is called and wherever it lies. */
export interface TreeSource {
  readonly place: TreePlace | { readonly kind: 'tarball' | 'folder'; readonly path: string }
  readonly key: string
  /** Upstream version, as its Makefile or package says. */
  readonly version: string
  /** For people: `linux-source-5.10 5.10.262-1`, `/src/linux@v6.1.170`. */
  readonly label: string
  /** Debian's package; null for anything else. */
  readonly file: PoolFile | null
}

/** Find out what is at a place. Throws UserError when no kernel source is. */
export async function findSource(place: TreePlace, context: KernelContext): Promise<TreeSource> {
  if (place.kind === 'debian') {
    const { build, version, file } = await findSourcePackage(place.package, place.build, context)
    return { place, key: file.sha256, version, label: `${place.package} ${build}`, file }
  }
  const { path } = place
  const found = await stat(path).catch(() => null)
  if (!found) throw new UserError(`there is no kernel source at ${path}`, 'give a folder or a tarball')
  if (place.kind === 'git') {
    const { stdout } = await git(path, ['rev-parse', '--verify', `${place.revision}^{tree}`], context)
    const { stdout: makefile } = await git(path, ['show', `${stdout}:Makefile`], context)
    const label = `${path}@${place.revision}`
    return { place: { ...place, revision: stdout }, key: stdout, version: versionOf(makefile, label), label, file: null }
  }
  if (found.isFile()) {
    const list = await shell('tar -xOf "$1" --occurrence=1 --wildcards --no-wildcards-match-slash "*/Makefile"', [path], context)
    const version = versionOf(list, path)
    return { place: { kind: 'tarball', path }, key: await hashFile(path), version, label: basename(path), file: null }
  }
  const version = versionOf(await shell('cat "$1/Makefile"', [path], context), path)
  if ((await exists(join(path, 'include', 'config'))) && !(await exists(join(path, '.git')))) {
    const message = `${path} was built in place, and what is source cannot be told from what is not`
    throw new UserError(message, 'run make mrproper in it')
  }
  const key = (await shell(`${PACK_FOLDER} | sha256sum`, [path], context)).slice(0, 64)
  return { place: { kind: 'folder', path }, key, version, label: path, file: null }
}

/** The files of a source as they are, in a folder of the cache that nobody writes to again. */
export async function fetchSource(source: TreeSource, context: KernelContext): Promise<string> {
  const { place, file } = source
  const folder = join(context.workspace.cache, 'trees', `source-${source.key.slice(0, 16)}`)
  if (await exists(folder)) return folder
  const deb = file ? await fetchPoolFile(await openAptRoot(context), file, source.label, context) : null
  reportProgress(context, null, `unpacking ${source.label}`)
  return publishFolder(folder, async (temporary) => {
    if (deb) await shell(UNPACK_PACKAGE, [deb, temporary], context)
    if (place.kind === 'tarball') await shell('tar -xf "$1" -C "$2" --strip-components=1', [place.path, temporary], context)
    if (place.kind === 'folder') await shell(`${PACK_FOLDER} | tar -x -C "$2"`, [place.path, temporary], context)
    if (place.kind === 'git') {
      const near = await findNearTree(place.path, folder, context)
      const script = near === null ? 'git -C "$1" archive "$3" | tar -x -C "$2"' : UNPACK_DIFFERENCE
      await shell(script, [place.path, temporary, place.revision, near ?? ''], context)
    }
  })
}

/** Of the sources in the cache the one brought last that is a tree of this git repository too; null when none is. */
async function findNearTree(repository: string, folder: string, context: KernelContext): Promise<string | null> {
  const script = 'cd "$2"; ls -dt source-+([0-9a-f]) | sed s/source-// | git -C "$1" cat-file --batch-check'
  const list = await shell(`shopt -s extglob nullglob\n${script}`, [repository, dirname(folder)], context)
  const [, key] = /^([0-9a-f]{16})[0-9a-f]+ tree \d+$/m.exec(list) ?? []
  return key === undefined ? null : join(dirname(folder), `source-${key}`)
}

/** What is equal as links, and the rest from git. */
const UNPACK_DIFFERENCE = `old=\${4##*-}
cp -al "$4/." "$2"
differ() { git -C "$1" diff-tree -r -z --no-renames --name-only "\${@:3}" "$old" "$2"; }
differ "$1" "$3" | (cd "$2"; xargs -0r rm -f --)
differ "$1" "$3" --diff-filter=d |
  xargs -0r -n 500 bash -c 'git -C "$0" --literal-pathspecs archive "$2" -- "\${@:3}" | tar -x -C "$1"' "$1" "$2" "$3"`

/** linux-source-X.Y holds usr/src/linux-source-X.Y.tar.xz, with one folder in it. */
const UNPACK_PACKAGE = `dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
  xz --decompress --threads=0 | tar -x -C "$2" --strip-components=1`

/** A folder as one stream that depends on names, modes and contents alone. Of a git work tree, what git would not ignore. */
const PACK_FOLDER = `pack() { tar -c --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --ignore-failed-read "$@"; }
cd "$1"
{ if [ -e .git ]; then git ls-files -z --cached --others --exclude-standard | LC_ALL=C sort -zu | pack --null -T -
else pack --exclude-vcs .; fi; }`

/** What bash makes of `script`; a failing part of a pipe fails the whole. Throws UserError: it is about a source. */
async function shell(script: string, args: readonly string[], context: KernelContext): Promise<string> {
  const options = { anyExit: true, env: { LC_ALL: 'C' }, ...(context.signal === undefined ? {} : { signal: context.signal }) }
  const { stdout, stderr, exitCode } = await runCommand('bash', ['-c', `set -euo pipefail\n${script}`, 'bash', ...args], options)
  if (exitCode === 0) return stdout
  if (/No space left|write error/.test(stderr)) {
    throw new InfraError(`no space left to unpack ${args[0]}`, 'free some space or set KWITNESS_CACHE')
  }
  throw new UserError(`cannot read the kernel source ${args[0]}: ${stderr.trim().split('\n')[0]}`)
}

async function git(path: string, args: readonly string[], { signal }: KernelContext) {
  const options = { anyExit: true, ...(signal === undefined ? {} : { signal }) }
  const result = await runCommand('git', ['-C', path, ...args], options)
  if (result.exitCode === 0) return result
  throw new UserError(`git cannot read ${path}: ${result.stderr.trim().split('\n').at(-1)}`, 'check the path and the revision')
}

/** `5.10.262` or `7.3-rc7` of the top Makefile of a kernel. Throws UserError when the text is not one's. */
export function versionOf(makefile: string, label: string): string {
  const field = (name: string) => new RegExp(`^${name} *= *(\\S*)$`, 'm').exec(makefile)?.[1] ?? ''
  const [major, minor, patch] = [field('VERSION'), field('PATCHLEVEL'), field('SUBLEVEL')]
  if (!/^\d+$/.test(major) || !/^\d+$/.test(minor)) {
    throw new UserError(`${label} is no kernel source: its Makefile names no version`)
  }
  const candidate = /^-rc\d+/.exec(field('EXTRAVERSION'))?.[0] ?? ''
  return `${major}.${minor}${patch === '' || (patch === '0' && candidate) ? '' : `.${patch}`}${candidate}`
}

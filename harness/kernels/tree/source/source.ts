/** Kernel sources: resolve where a selector points to, and bring the files into the cache once, unchanged and complete. */
import { rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { runGit, runGitOnObjects, runScript } from '#harness/support/git.ts'
import { buildRoot } from '#harness/support/build-root.ts'
import { exists, publishFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { hashFile } from '#harness/support/hash.ts'
import { openAptRoot } from '#harness/kernels/debian/archive/root.ts'
import type { TreeSource } from '#schema/cache/tree.ts'
import { FILES_OF } from '#harness/kernels/debian/archive/unpack.ts'
import { fetchPoolFile } from '#harness/kernels/debian/pool.ts'
import { reportProgress, type KernelContext } from '#harness/kernels/provider/provider.ts'
import { findSourcePackage } from './debian.ts'
import type { TreePlace } from './selector.ts'

/** What `tree:` takes, for whoever gave something else. */
const WHAT_A_TREE_IS =
  'a tree is the top folder of a kernel source, a tarball of one, REPOSITORY@REV, or debian-6.12; see kwitness help selectors'

const MAKEFILE_OF_TARBALL = 'tar -xOf "$1" --occurrence=1 --wildcards --no-wildcards-match-slash "*/Makefile"'

/** The top Makefile, by a script that prints it. Throws UserError that says what is missing, and what a tree is. */
async function makefileOf(script: string, path: string, { signal }: KernelContext): Promise<string> {
  const { stdout, stderr, exitCode } = await runScript(script, [path], { anyExit: true, signal })
  if (exitCode === 0) return stdout
  // tar says of a file that is none both that, and that the Makefile is not in it.
  const why = /not look like a tar archive|not recoverable/.test(stderr)
    ? 'it is neither a folder nor a tarball'
    : /No such file|Not found in archive/.test(stderr)
      ? 'it has no Makefile at its top'
      : (stderr.trim().split('\n')[0] ?? '')
  throw new UserError(`${path} is not a kernel source: ${why}`, WHAT_A_TREE_IS)
}

/** Resolve a place to a source. Throws UserError when there is no kernel source. */
export async function findSource(place: TreePlace, context: KernelContext): Promise<TreeSource> {
  if (place.kind === 'debian') {
    const { build, version, file } = await findSourcePackage(place.package, place.build, context)
    return { place, key: file.sha256, version, label: `${place.package} ${build}`, file }
  }
  const { path } = place
  const found = await stat(path).catch(whenUnreadable(null))
  if (!found) throw new UserError(`${path} does not exist`, WHAT_A_TREE_IS)
  if (place.kind === 'git') {
    const { stdout } = await git(runGit, path, ['rev-parse', '--verify', `${place.revision}^{tree}`], context)
    const { stdout: makefile } = await git(runGitOnObjects, path, ['cat-file', 'blob', `${stdout}:Makefile`], context)
    const label = `${path}@${place.revision}`
    return { place: { ...place, revision: stdout }, key: stdout, version: versionOf(makefile, label), label, file: null }
  }
  if (found.isFile()) {
    const list = await makefileOf(MAKEFILE_OF_TARBALL, path, context)
    const version = versionOf(list, path)
    return { place: { kind: 'tarball', path }, key: await hashFile(path), version, label: basename(path), file: null }
  }
  const version = versionOf(await makefileOf('cat "$1/Makefile"', path, context), path)
  if ((await exists(join(path, 'include', 'config'))) && !(await exists(join(path, '.git')))) {
    const message = `${path} contains a build: kwitness cannot tell its source files from built ones`
    throw new UserError(message, 'run make mrproper in it')
  }
  const key = (await shell(`${PACK_FOLDER} | sha256sum`, [path], context)).slice(0, 64)
  return { place: { kind: 'folder', path }, key, version, label: path, file: null }
}

/** Folder in the cache with the files of a source. Nobody may write to it. */
export async function fetchSource(source: TreeSource, context: KernelContext): Promise<string> {
  const { place, file } = source
  const folder = join(buildRoot(context.workspace.cache), 'trees', `source-${source.key.slice(0, 16)}`)
  if (await exists(join(folder, 'Makefile'))) return folder
  // In this order, because another process may publish it in between.
  if ((await exists(folder)) && !(await exists(join(folder, 'Makefile')))) await rm(folder, { recursive: true, force: true })
  const deb = file ? await fetchPoolFile(await openAptRoot(context), file, source.label, context) : null
  reportProgress(context, null, `unpacking ${source.label}`)
  return publishFolder(folder, async (temporary) => {
    if (deb) await shell(UNPACK_PACKAGE, [deb, temporary], context)
    if (place.kind === 'tarball') await shell('tar -xf "$1" -C "$2" --strip-components=1', [place.path, temporary], context)
    if (place.kind === 'folder') await shell(`${PACK_FOLDER} | tar -x -C "$2"`, [place.path, temporary], context)
    if (place.kind === 'git') {
      const near = await findRelatedSource(place.path, folder, context)
      const script = near === null ? 'git archive "$3" | tar -x -C "$2"' : UNPACK_CHANGES
      await shell(script, [place.path, temporary, place.revision, near ?? ''], context, place.path)
    }
  })
}

/** The most recently fetched source in the cache that is a tree of the same git repository; null when there is none. */
async function findRelatedSource(repository: string, folder: string, context: KernelContext): Promise<string | null> {
  const script = 'cd "$2"; ls -dt source-+([0-9a-f]) | sed s/source-// | git cat-file --batch-check'
  const list = await shell(`shopt -s extglob nullglob\n${script}`, [repository, dirname(folder)], context, repository)
  const [, key] = /^([0-9a-f]{16})[0-9a-f]+ tree \d+$/m.exec(list) ?? []
  return key === undefined ? null : join(dirname(folder), `source-${key}`)
}

/** Hard-link what is equal, and take the rest from git. */
const UNPACK_CHANGES = `old=\${4##*-}
cp -al "$4/." "$2"
differ() { git diff-tree -r -z --no-renames --name-only "\${@:2}" "$old" "$1"; }
differ "$3" | (cd "$2"; xargs -0r rm -f --)
differ "$3" --diff-filter=d |
  xargs -0r -n 500 bash -c 'set -euo pipefail
git --literal-pathspecs archive "$1" -- "\${@:2}" | tar -x -C "$0"' "$2" "$3"`

/** linux-source-X.Y contains usr/src/linux-source-X.Y.tar.xz, which contains one folder. */
const UNPACK_PACKAGE = `${FILES_OF}files_of "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
  xz --decompress --threads=0 | tar -x -C "$2" --strip-components=1`

/** A folder as a stream that depends only on names, modes and contents; of a git work tree, without ignored files. */
const PACK_FOLDER = `pack() { tar -c --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --ignore-failed-read "$@"; }
cd "$1"
{ if [ -e .git ]; then git ls-files -z --cached --others --exclude-standard | LC_ALL=C sort -zu | pack --null -T -
else pack --exclude-vcs .; fi; }`

/**
 * Output of a bash script; with `repository`, git finds its objects. Throws UserError that blames the source, InfraError for
 * a full disk.
 */
async function shell(script: string, args: readonly string[], { signal }: KernelContext, repository?: string): Promise<string> {
  const { stdout, stderr, exitCode } = await runScript(script, args, { anyExit: true, signal, objectsOf: repository })
  if (exitCode === 0) return stdout
  if (/No space left|write error/.test(stderr)) {
    throw new InfraError(`no space left to unpack ${args[0]}`, 'free some space or set KWITNESS_CACHE')
  }
  throw new UserError(`cannot read the kernel source ${args[0]}: ${stderr.trim().split('\n')[0]}`)
}

async function git(run: typeof runGitOnObjects, path: string, args: readonly string[], { signal }: KernelContext) {
  const result = await run(path, args, { anyExit: true, signal })
  if (result.exitCode === 0) return result
  throw new UserError(`git cannot read ${path}: ${result.stderr.trim().split('\n').at(-1)}`, 'check the path and the revision')
}

/** The version in the top Makefile of a kernel: `5.10.262` or `7.3-rc7`. Throws UserError when it has none. */
export function versionOf(makefile: string, label: string): string {
  const field = (name: string) => new RegExp(`^${name} *= *(\\S*)$`, 'm').exec(makefile)?.[1] ?? ''
  const [major, minor, patch] = [field('VERSION'), field('PATCHLEVEL'), field('SUBLEVEL')]
  if (!/^\d+$/.test(major) || !/^\d+$/.test(minor)) {
    throw new UserError(`${label} is not a kernel source: its Makefile has no version`, WHAT_A_TREE_IS)
  }
  const candidate = /^-rc\d+/.exec(field('EXTRAVERSION'))?.[0] ?? ''
  return `${major}.${minor}${patch === '' || (patch === '0' && candidate) ? '' : `.${patch}`}${candidate}`
}

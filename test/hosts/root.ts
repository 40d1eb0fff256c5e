/** Another Debian in a folder: made by debootstrap from the mirror of this host, and entered with mounts of its own. */
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { openAptRoot } from '#harness/kernels/debian/archive/root.ts'
import { runCommand, startProcess } from '#harness/support/process.ts'
import { findWorkspace } from '#harness/support/workspace.ts'

/** A root of one suite, and the folders of the host that are seen in it. */
export interface DebianRoot {
  readonly suite: string
  readonly folder: string
  /** Path of the host by path in the root; bound read-write. */
  readonly binds: Readonly<Record<string, string>>
}

/** What the README asks for, but for root. apt installs them: debootstrap fails to configure what waits for other packages. */
const PREREQUISITES = ['git', 'npm', 'ca-certificates']

interface RootOptions {
  /** Its folder in the cache; the name of the suite without one. */
  readonly name?: string
  /** Packages beside the minimal ones; the README's prerequisites without them. */
  readonly packages?: readonly string[]
  readonly fresh: boolean
  readonly binds: DebianRoot['binds']
  /** Gets what debootstrap and apt print. */
  readonly hear: (line: string) => void
}

/**
 * A root of this suite with these packages, kept in the cache for the next time; made anew with `fresh`. Throws InfraError where
 * debootstrap or apt fail. Takes some minutes.
 */
export async function openDebianRoot(
  suite: string,
  { name = suite, packages = PREREQUISITES, fresh, binds, hear }: RootOptions,
): Promise<DebianRoot> {
  const workspace = findWorkspace()
  const folder = join(workspace.cache, 'hosts', name)
  const root = { suite, folder, binds }
  const complete = join(folder, '.complete')
  if (fresh || !existsSync(complete)) {
    await rm(folder, { recursive: true, force: true })
    await mkdir(join(workspace.cache, 'hosts'), { recursive: true })
    const { main } = await openAptRoot({ workspace })
    await runCommand('debootstrap', ['--variant=minbase', suite, folder, main])
    // The lists of a suite that is seldom made may be older than they say they are good for; they are signed all the same.
    await writeFile(join(folder, 'etc', 'apt', 'apt.conf.d', 'kwitness'), 'Acquire::Check-Valid-Until "false";\n')
    const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages]
    const code = await enterRoot(root, ['sh', '-c', `apt-get update -qq && ${install.join(' ')}`], hear)
    if (code !== 0) throw new InfraError(`apt-get in ${folder} exited with ${code}`, 'see what it printed, and try again')
    await writeFile(complete, '')
  }
  return root
}

/**
 * In the shell that becomes the command: mounts that nobody else sees, gone with the last process inside. The root is a mount of
 * its own, and that of its processes, because the kernel gives a process in a chroot no user namespace. Name servers and
 * certificates are the host's: there may be a proxy between it and the mirrors.
 */
const ENTER = `set -e; root=$1; shift; certificates=/etc/ssl/certs/ca-certificates.crt
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"; mount --rbind /sys "$root/sys"; mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"; mount -t tmpfs tmpfs "$root/run"
while [ "$1" != -- ]; do mkdir -p "$root$2"; mount --bind "$1" "$root$2"; shift 2; done; shift
for file in /etc/resolv.conf "$certificates"; do
  [ ! -e "$file" ] || { mkdir -p "$root\${file%/*}"; cp -L --remove-destination "$file" "$root$file"; }
done
cd "$root"; pivot_root . .; umount -l .; cd /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \\
  "npm_config_cafile=$certificates" "$@"`

/**
 * Run a command in the root, with an environment of its own; all of its processes end with it. Calls `hear` with each line of its
 * output. Returns its exit code.
 */
export async function enterRoot(
  { folder, binds }: DebianRoot,
  command: readonly string[],
  hear: (line: string) => void,
): Promise<number | undefined> {
  const bound = Object.entries(binds).flatMap(([inside, outside]) => [outside, inside])
  const unshare = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', folder]
  const child = startProcess('unshare', [...unshare, ...bound, '--', ...command], { stdin: 'ignore', all: true })
  for await (const line of child.iterable({ from: 'all' })) hear(String(line))
  return (await child).exitCode
}

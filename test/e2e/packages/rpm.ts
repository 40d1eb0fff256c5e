/** rpm and rpmbuild as Debian packages them, unpacked into the cache of tests: no machine is changed for a test. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { findWorkspace } from '#harness/support/workspace.ts'

const LIBRARIES = 'usr/lib/x86_64-linux-gnu'

/** Folder with the unpacked packages, or why there is none. */
export async function findRpm(): Promise<{ readonly root: string } | { readonly why: string }> {
  const folder = join(findWorkspace().cache, 'test-rpm')
  const root = join(folder, 'root')
  const fails = () =>
    runRpm(root, 'rpmbuild', ['--version']).then(
      () => null,
      (error: Error) => error.message,
    )
  if ((await fails()) === null) return { root }
  await unpackRpm(folder, root)
  const why = await fails()
  return why === null ? { root } : { why: `rpm of Debian does not run here: ${why}` }
}

async function unpackRpm(folder: string, root: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const own = await mkdtemp(join(folder, 'new-'))
  // What rpm depends on and this machine does not have has another name in each Debian.
  const options = ['--yes', '--no-install-recommends', '--download-only', '-o', `Dir::Cache::archives=${own}`]
  await runCommand('apt-get', ['install', ...options, '-o', 'Debug::NoLocking=1', 'rpm'], { anyExit: true }).catch(() => null)
  for (const name of (await readdir(own)).filter((one) => one.endsWith('.deb'))) {
    await runCommand('dpkg-deb', ['-x', join(own, name), join(own, 'root')])
  }
  await rm(root, { recursive: true, force: true })
  await rename(join(own, 'root'), root).catch(() => undefined)
  await rm(own, { recursive: true, force: true })
}

/** Lines of sh before a program of these packages finds its libraries and its macros. */
export function environmentOf(root: string): string {
  return [`export LD_LIBRARY_PATH='${join(root, LIBRARIES)}'`, `export RPM_CONFIGDIR='${join(root, 'usr/lib/rpm')}'`].join('\n')
}

async function runRpm(root: string, program: string, args: readonly string[]): Promise<void> {
  const env = { LD_LIBRARY_PATH: join(root, LIBRARIES), RPM_CONFIGDIR: join(root, 'usr/lib/rpm') }
  await runCommand(join(root, 'usr/bin', program), args, { env })
}

interface KernelRpm {
  readonly name: string
  readonly version: string
  readonly release: string
  /** `uname -r`. */
  readonly kernel: string
  /** As it stands in the spec file behind `%changelog`. */
  readonly changelog: string
}

/** Build an rpm that has the image of this kernel, below the folder. Returns its path. */
export async function buildKernelRpm(root: string, folder: string, { name, kernel, ...rpm }: KernelRpm): Promise<string> {
  const spec = [
    `Name: ${name}`,
    `Version: ${rpm.version}`,
    `Release: ${rpm.release}`,
    'Summary: a kernel',
    'License: GPL-2.0-only',
    'BuildArch: noarch',
    '%description',
    'A kernel.',
    '%install',
    'mkdir -p %{buildroot}/boot',
    `echo image > %{buildroot}/boot/vmlinuz-${kernel}`,
    '%files',
    `/boot/vmlinuz-${kernel}`,
    '%changelog',
    rpm.changelog,
    '',
  ]
  const file = join(folder, 'kernel.spec')
  await writeFile(file, spec.join('\n'))
  const defines = [`_topdir ${folder}/build`, `_dbpath ${folder}/build-db`, '_build_id_links none', '__os_install_post %{nil}']
  await runRpm(root, 'rpmbuild', [...defines.flatMap((define) => ['--define', define]), '-bb', file])
  return join(folder, 'build/RPMS/noarch', `${name}-${rpm.version}-${rpm.release}.noarch.rpm`)
}

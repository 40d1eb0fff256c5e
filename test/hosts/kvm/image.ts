/** The disk of the nested host: a Debian 13 root, a build of kwitness, and all that its caches need to do without a network. */
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { runGit } from '#harness/support/git.ts'
import { runCommand } from '#harness/support/process.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { enterRoot, openDebianRoot, type DebianRoot } from '../root.ts'
import type { Report, Setup } from './inside/product.ts'

/** What cases need, a kernel that is a KVM host, and what starts it. */
const PACKAGES =
  'git ca-certificates iproute2 linux-image-amd64 initramfs-tools kmod qemu-system-x86 gcc libc6-dev linux-libc-dev ' +
  'xz-utils zstd lz4 make debian-archive-keyring'
const KERNELS = ['debian:5.10.y:newest', 'debian:6.12.y:newest']
/** Quick ones, of which one is answered differently by the two kernels and one does not apply to the first. */
const CASES = ['memfd-exec-seal', 'uffd-copy-vs-fork', 'uffd-eagain-output']
const IMAGE_SIZE = '5G'
const INSIDE = join(import.meta.dirname, 'inside')

/** Files that boot the nested host. They are removed with their folder. */
export interface NestedImage {
  readonly folder: string
  readonly disk: string
  readonly kernel: string
  readonly initrd: string
}

interface ImageOptions {
  /** Folder of the build under test: a git repository with its npm packages. */
  readonly product: string
  /** Make the root anew. */
  readonly fresh: boolean
  readonly hear: (line: string) => void
}

/** Make the disk. Throws InfraError where a tool fails, and where the build does not answer under TCG on this host. */
export async function makeNestedImage({ product, fresh, hear }: ImageOptions): Promise<NestedImage> {
  const workspace = findWorkspace()
  const root = await openDebianRoot('trixie', { name: 'trixie-kvm', packages: PACKAGES.split(' '), fresh, binds: {}, hear })
  const folder = await openScratch(workspace.cache)
  try {
    const stage = join(folder, 'root')
    await runCommand('cp', ['-a', '--reflink=auto', root.folder, stage])
    await removeFolders(join(stage, 'var', 'lib', 'apt', 'lists'), join(stage, 'var', 'cache', 'apt'))
    await copyProduct(product, stage)
    await copySuite(stage)
    await fillCaches({ ...root, folder: stage }, hear)
    const boot = await readdir(join(stage, 'boot'))
    const copyBoot = async (prefix: string): Promise<string> => {
      const name = boot.find((file) => file.startsWith(prefix))
      if (name === undefined) throw new InfraError(`there is no ${prefix} in ${root.folder}/boot`, 'start again with --fresh')
      await copyFile(join(stage, 'boot', name), join(folder, prefix))
      return join(folder, prefix)
    }
    const [kernel, initrd] = [await copyBoot('vmlinuz'), await copyBoot('initrd')]
    const disk = join(folder, 'disk')
    await runCommand('mke2fs', ['-q', '-t', 'ext4', '-d', stage, '-r', '1', '-E', 'root_owner=0:0', disk, IMAGE_SIZE])
    await rm(stage, { recursive: true })
    return { folder, disk, kernel, initrd }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function removeFolders(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
}

/** The build as it is committed, the npm packages and the Node that run here: npm and the network stay outside. */
async function copyProduct(product: string, stage: string): Promise<void> {
  const clone = join(stage, 'root', 'kwitness')
  await runGit(null, ['clone', '-q', '--no-hardlinks', product, clone])
  await cp(join(product, 'node_modules'), join(clone, 'node_modules'), { recursive: true, verbatimSymlinks: true })
  await copyFile(process.execPath, join(stage, 'usr', 'bin', 'node'))
  await chmod(join(stage, 'usr', 'bin', 'node'), 0o755)
}

/** The suite, and the kernels that it boots. */
async function copySuite(stage: string): Promise<void> {
  const context = { workspace: findWorkspace() }
  await cp(INSIDE, join(stage, 'suite'), { recursive: true })
  await mkdir(join(stage, 'kernels'))
  for (const kernel of await selectKernels(KERNELS, context)) {
    const { bzImage } = await fetchKernel(kernel, context)
    if (bzImage === null) throw new InfraError(`${kernel.id} has no bzImage`)
    await copyFile(bzImage, join(stage, 'kernels', kernel.version))
  }
}

/**
 * One run in the root, on this host: whatever the nested one would compile or unpack comes into its caches, and the verdicts are
 * what it must find, too. Snapshots and facts of this host go.
 */
async function fillCaches(root: DebianRoot, hear: (line: string) => void): Promise<void> {
  const [first = '', second = ''] = (await readdir(join(root.folder, 'kernels'))).toSorted().map((name) => `/kernels/${name}`)
  const kernels = [first, second].flatMap((path) => ['--kernels', `file:${path}`])
  const run = async (name: string, words: readonly string[]): Promise<number | undefined> => {
    const script = 'cd /root && exec kwitness/kwitness run --accel tcg "$@" --json >/suite/report.json'
    return enterRoot(root, ['sh', '-c', script, 'sh', ...kernels, ...words, '--out', `/root/out/${name}`], hear)
  }
  const code = await run('outside', ['--cases', CASES.join()])
  if (code !== 0) throw new InfraError(`the build exits with ${code} under TCG in the root`, 'see what it printed')
  const { cells } = JSON.parse(await readFile(join(root.folder, 'suite', 'report.json'), 'utf8')) as Report
  // An older build may refuse the form of this case, which its item then reports.
  await run('clocks', ['--catalogue', '/suite/cases'])
  const verdicts = Object.fromEntries(cells.map((cell) => [`${cell.kernel}/${cell.case}`, cell.verdict]))
  const setup: Setup = { kernels: [first, second], cases: CASES, verdicts }
  await writeFile(join(root.folder, 'suite', 'setup.json'), JSON.stringify(setup))
  const cache = join(root.folder, 'root', '.cache', 'kwitness')
  await removeFolders(join(cache, 'guests'), join(cache, 'host'), join(root.folder, 'root', '.local'))
}

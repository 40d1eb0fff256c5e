/** A copy of this repository in a temporary folder, as a new user has it, and the means to start it. */
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { REPOSITORY } from '#harness/support/repository.ts'
import { runCommand, type Finished } from '#harness/support/process.ts'
import { listFiles } from '#lint/check.ts'

/** What the launcher, npm, doctor and these tests call, all of it on every Debian. */
export const COMMANDS = [
  'sh',
  'env',
  'readlink',
  'mkdir',
  'flock',
  'cmp',
  'cp',
  'mv',
  'rm',
  'uname',
  'id',
  'tail',
  'du',
  'setpriv',
  'grep',
  'stat',
]

export interface Tree {
  /** Its folder, with a blank in its path. */
  readonly root: string
  readonly cache: string
  /** Where stand-ins and links to commands can be put: `path` starts with it. */
  readonly bin: string
  readonly remove: () => Promise<void>
}

/** Copy what git keeps, with an empty cache beside it and a folder of nothing but the commands the launcher calls. */
export async function copyTree(): Promise<Tree> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness launcher '))
  const tree = { root: join(folder, 'a tree'), cache: join(folder, 'cache'), bin: join(folder, 'bin') }
  const files = await listFiles(REPOSITORY)
  await Promise.all([tree.root, tree.cache, tree.bin].map((path) => mkdir(path, { recursive: true })))
  // One cp(1) copies a thousand files in a tenth of the time that cp() of node takes.
  await runCommand('cp', ['--no-dereference', '--parents', `--target-directory=${tree.root}`, ...files], { cwd: REPOSITORY })
  await letRead(tree)
  await Promise.all([folder, tree.cache, tree.bin].map((path) => chmod(path, 0o777)))
  await Promise.all(COMMANDS.map((command) => linkCommand(tree, command)))
  return { ...tree, remove: async () => void (await runCommand('rm', ['-r', folder])) }
}

/** Leave out what only developers need, so that npm brings a few small packages into this tree instead of all. */
export async function dropDevPackages(tree: Pick<Tree, 'root'>): Promise<void> {
  for (const name of ['package.json', 'package-lock.json']) {
    const content = JSON.parse(await readFile(join(tree.root, name), 'utf8')) as Partial<PackageLock> & Record<string, unknown>
    const kept = Object.entries(content.packages ?? {}).filter(([, { dev }]) => dev !== true)
    const packages = kept.map(([place, entry]) => [place, place === '' ? { ...entry, devDependencies: {} } : entry] as const)
    const changed = { ...content, ...(content.packages ? { packages: Object.fromEntries(packages) } : { devDependencies: {} }) }
    await writeFile(join(tree.root, name), `${JSON.stringify(changed, null, 2)}\n`)
  }
}

/** Put a link to this machine's command into the folder of commands; nothing where it has none. */
export async function linkCommand(tree: Pick<Tree, 'bin'>, command: string): Promise<void> {
  const { stdout, exitCode } = await runCommand('sh', ['-c', `command -v ${command}`], { anyExit: true })
  if (exitCode === 0) await symlink(stdout, join(tree.bin, command))
}

/** Put a shell script into the folder of commands. */
export async function standIn(tree: Pick<Tree, 'bin'>, command: string, script: string): Promise<void> {
  await rm(join(tree.bin, command), { force: true })
  await writeFile(join(tree.bin, command), `#!/bin/sh\n${script}\n`)
  await chmod(join(tree.bin, command), 0o755)
}

/** Give npm, under a node that says it is too old for us whatever this machine has: Node must then be brought. */
export async function giveNpm(tree: Tree): Promise<void> {
  await standIn(tree, 'node', `[ "$1" != --version ] || { echo v20.0.0; exit; }\nexec '${process.execPath}' "$@"`)
  const { stdout } = await runCommand('sh', ['-c', 'command -v npm'])
  await standIn(tree, 'npm', `exec '${stdout}' "$@"`)
}

/** What to start and how: by default the launcher of the tree, as this user, with only the folder of commands in PATH. */
export interface StartOptions {
  readonly program?: string
  /** Words before the program, such as `setpriv` with its options. */
  readonly prefix?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Top-level packages of a package-lock.json, by their place in the tree; those that the product runs with are not `dev`. */
interface PackageLock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}

/**
 * Set up what npm would bring: this Node, and the packages of this repository. Those that the product runs with are copied,
 * for every user to read wherever this repository lies; the others are links.
 */
export async function giveRuntime(tree: Tree): Promise<void> {
  const lock = JSON.parse(await readFile(join(tree.root, 'package-lock.json'), 'utf8')) as PackageLock
  const places = Object.entries(lock.packages).filter(([place]) => /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(place))
  const here = places.filter(([place]) => existsSync(join(REPOSITORY, place)))
  for (const [place] of here) await mkdir(dirname(join(tree.root, place)), { recursive: true })
  const [links, copies] = [here.filter(([, { dev }]) => dev === true), here.filter(([, { dev }]) => dev !== true)]
  for (const [place] of links) await symlink(join(REPOSITORY, place), join(tree.root, place))
  const options = ['--recursive', '--parents', `--target-directory=${tree.root}`]
  await runCommand('cp', [...options, ...copies.map(([place]) => place)], { cwd: REPOSITORY })
  await cp(join(tree.root, 'package-lock.json'), join(tree.root, 'node_modules', '.installed-from'))
  await mkdir(join(tree.cache, 'node-24', 'bin'), { recursive: true })
  await cp(process.execPath, join(tree.cache, 'node-24', 'bin', 'node'))
  await letRead(tree)
}

/** Whatever this user's umask took away, other users may read. */
async function letRead({ root, cache, bin }: Omit<Tree, 'remove'>): Promise<void> {
  await runCommand('chmod', ['-R', 'a+rX', root, cache, bin])
}

/**
 * Start the launcher from another folder, with nothing of this process's environment but what npm needs. What npm fetched
 * before it takes from its cache without asking again: this very run most likely began with it.
 */
export async function start(tree: Tree, args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  const { HOME = '', NODE_EXTRA_CA_CERTS = '' } = process.env
  const npm = { HOME, NODE_EXTRA_CA_CERTS, npm_config_prefer_offline: 'true' }
  const env = { ...npm, KWITNESS_CACHE: tree.cache, PATH: tree.bin, ...options.env }
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const command = [...(options.prefix ?? []), options.program ?? join(tree.root, 'kwitness'), ...args]
  return runCommand('env', ['-i', ...words, ...command], { cwd: dirname(tree.root), anyExit: true })
}

/** A copy of this repository in a temporary folder, as a new user has it, and the means to start it. */
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCommand, type Finished } from '../../harness/process.ts'
import { listFiles } from '../../lint/check.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** What the launcher, npm, doctor and these tests call, all of it on every Debian. */
const COMMANDS = ['sh', 'env', 'readlink', 'mkdir', 'flock', 'cmp', 'cp', 'mv', 'rm', 'uname', 'id', 'tail', 'du', 'setpriv']

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
  const files = await listFiles(ROOT)
  await Promise.all([tree.root, tree.cache, tree.bin].map((path) => mkdir(path, { recursive: true })))
  await Promise.all([folder, tree.cache, tree.bin].map((path) => chmod(path, 0o777)))
  await Promise.all(files.map((file) => cp(join(ROOT, file), join(tree.root, file))))
  await Promise.all(COMMANDS.map((command) => linkCommand(tree, command)))
  return { ...tree, remove: () => rm(folder, { recursive: true }) }
}

/** Put a link to this machine's command into the folder of commands; nothing where it has none. */
export async function linkCommand(tree: Pick<Tree, 'bin'>, command: string): Promise<void> {
  const { stdout, exitCode } = await runCommand('sh', ['-c', `command -v ${command}`], { anyExit: true })
  if (exitCode === 0) await symlink(stdout, join(tree.bin, command))
}

/** Put a shell script into the folder of commands. */
export async function standIn(tree: Pick<Tree, 'bin'>, command: string, script: string): Promise<void> {
  await rm(join(tree.bin, command), { force: true })
  await writeFile(join(tree.bin, command), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
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

/** Set up what npm would bring: this Node, in a place that every user may read, and links to the packages of this repository. */
export async function giveRuntime(tree: Tree): Promise<void> {
  const packages = join(ROOT, 'node_modules')
  const own = join(tree.root, 'node_modules')
  await mkdir(own)
  await Promise.all((await readdir(packages)).map((name) => symlink(join(packages, name), join(own, name))))
  await rm(join(own, '.installed-from'), { force: true })
  await cp(join(tree.root, 'package-lock.json'), join(own, '.installed-from'))
  await mkdir(join(tree.cache, 'node-24', 'bin'), { recursive: true })
  await cp(process.execPath, join(tree.cache, 'node-24', 'bin', 'node'))
}

/** Start the launcher from another folder, with nothing of this process's environment but what npm needs. */
export async function start(tree: Tree, args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  const { HOME = '', NODE_EXTRA_CA_CERTS = '' } = process.env
  const env = { HOME, NODE_EXTRA_CA_CERTS, KWITNESS_CACHE: tree.cache, PATH: tree.bin, ...options.env }
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const command = [...(options.prefix ?? []), options.program ?? join(tree.root, 'kwitness'), ...args]
  return runCommand('env', ['-i', ...words, ...command], { cwd: dirname(tree.root), anyExit: true })
}

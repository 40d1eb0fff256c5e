/** The modules that come with a kernel file: the tree of the image's own release, found among what the user gave. */
import { copyFile, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { exists, makeFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { indexModules } from '../provider/modules.ts'
import { inspectModules, releasesOf } from '../provider/vermagic.ts'

const MODULE = /\.ko(?:\.(?:gz|xz|zst))?$/

/** A module tree and the release that it is for. */
interface ModuleTree {
  readonly folder: string
  /** From the modules themselves; from the folder's name where none says it. */
  readonly release: string
}

/**
 * The folder of the modules for `release`: `modules` itself, or one of the releases below it (/lib/modules, or what
 * INSTALL_MOD_PATH named). Throws UserError when there are none, or only those of other releases: the kernel of `image` would
 * load none of them, and every case that needs one would seem not to apply.
 */
export async function moduleTree(modules: string, image: string, release: string): Promise<string> {
  if (!(await stat(modules).catch(whenUnreadable(null)))?.isDirectory()) {
    throw new UserError(`${modules} is not a folder`, 'give the folder /lib/modules/RELEASE of that kernel')
  }
  const trees = await findTrees(modules)
  if (trees.length === 0) {
    throw new UserError(`${modules} contains no kernel modules`, 'give the folder /lib/modules/RELEASE of that kernel')
  }
  if (release === '') {
    throw new UserError(`${image} does not name its release, so its modules cannot be told from others`, 'give the vmlinux')
  }
  const own = trees.filter((tree) => tree.release === release)
  const tree = own.find(({ folder }) => basename(folder) === release) ?? own[0]
  if (tree) return tree.folder
  const releases = [...new Set(trees.map((one) => one.release))].toSorted().join(', ')
  throw new UserError(
    `${image} is a kernel of release ${release}, and the modules in ${modules} are of ${releases}`,
    `give the modules that were built with it: modules=/lib/modules/${release}`,
  )
}

/** The module trees at or below a folder: it is one itself, or its releases are. */
async function findTrees(modules: string): Promise<ModuleTree[]> {
  if (await isTree(modules)) return [{ folder: modules, release: await releaseOfTree(modules) }]
  const trees: ModuleTree[] = []
  for (const place of [join(modules, 'lib', 'modules'), join(modules, 'usr', 'lib', 'modules'), modules]) {
    const names = (await readdir(place).catch(() => [])).toSorted()
    const folders = names.map((name) => join(place, name))
    const found = await Promise.all(folders.map(async (folder) => ((await isTree(folder)) ? [folder] : [])))
    trees.push(...(await Promise.all(found.flat().map(async (folder) => ({ folder, release: await releaseOfTree(folder) })))))
  }
  return trees
}

/** What a module tree has at its top; one without `kernel` may hold built-in modules and external ones alone. */
const TREE_MARKS = ['kernel', 'modules.dep', 'modules.builtin']

async function isTree(folder: string): Promise<boolean> {
  const marks = await Promise.all(TREE_MARKS.map((name) => exists(join(folder, name)).catch(() => false)))
  return marks.includes(true)
}

/** The release in the first module that names one; the folder's own name where no module does. */
async function releaseOfTree(folder: string): Promise<string> {
  for (const [, path] of await moduleFiles(folder)) {
    const [release] = MODULE.test(path) ? await releasesOf([path]) : []
    if (release !== undefined) return release
  }
  return basename(resolve(folder))
}

/**
 * Throws UserError when a module of the tree is of another release than the image, or damaged: the kernel would refuse that one
 * alone. Reads and decompresses them all.
 */
export async function checkModules(tree: string, image: string, release: string): Promise<void> {
  const modules = (await moduleFiles(tree)).map(([, path]) => path).filter((path) => MODULE.test(path))
  const { releases, damaged } = await inspectModules(modules)
  if (damaged !== null) {
    throw new UserError(`the module ${damaged} is damaged: no kernel can load it`, 'copy or install the modules again')
  }
  const others = releases.filter((one) => one !== release)
  if (others.length === 0) return
  throw new UserError(
    `${image} is a kernel of release ${release}, and some modules in ${tree} are of ${others.join(', ')}`,
    'give a folder with the modules of that kernel alone',
  )
}

/** At the top of a tree: links to the source of the build, which may be large or gone. */
const NOT_MODULES = new Set(['build', 'source'])

/**
 * Name inside the tree and path of every file, sorted. Links are followed, for what they lead to is what the kernel would load:
 * some distributions keep modules elsewhere, and link them.
 */
export async function moduleFiles(tree: string): Promise<(readonly [string, string])[]> {
  const files: (readonly [string, string])[] = []
  const walk = async (folder: string, name: string, above: readonly string[]): Promise<void> => {
    const own = await realpath(folder)
    if (above.includes(own)) return
    for (const item of await readdir(folder, { withFileTypes: true })) {
      if (name === '' && NOT_MODULES.has(item.name)) continue
      const [path, inner] = [join(folder, item.name), join(name, item.name)]
      const found = item.isSymbolicLink() ? await stat(path).catch(whenUnreadable(null)) : item
      if (found?.isFile()) files.push([inner, path])
      if (found?.isDirectory()) await walk(path, inner, [...above, own])
    }
  }
  await walk(tree, '', [])
  return files.toSorted(([left], [right]) => (left < right ? -1 : 1))
}

/** Copy a module tree to `folder`/modules, laid out as /lib/modules/RELEASE, and index it with depmod. */
export async function copyModules(tree: string, folder: string, release: string): Promise<void> {
  const base = join(folder, 'modules-base')
  const target = join(base, 'lib', 'modules', release)
  await makeFolder(target)
  for (const [name, path] of await moduleFiles(tree)) {
    await makeFolder(dirname(join(target, name)))
    await copyFile(path, join(target, name))
  }
  await indexModules(base, release)
  await rename(target, join(folder, 'modules'))
  await rm(base, { recursive: true })
}

/** Kernel modules: which files a module depends on, their load order, and decompressing them. */
import { mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import { makeFolder, unfinishedName, whenUnreadable } from '#harness/support/workspace.ts'
import type { KernelContext, ModuleFile } from './provider.ts'

/** `virtio_console` for `kernel/drivers/char/virtio-console.ko.xz`: the kernel treats `-` and `_` in module names alike. */
export function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(?:\.\w+)?$/, '')
    .replaceAll('-', '_')
}

/**
 * The paths to load so that `names` work, in load order and each once. `dep` and `builtin` are the texts of modules.dep and
 * modules.builtin; modules.dep(5) lists behind the colon the dependencies of a module, to be loaded from the last to the
 * first. A built-in module needs no file. `missing` holds the names that are in neither file.
 */
export function loadOrder(dep: string, builtin: string, names: readonly string[]): { paths: string[]; missing: string[] } {
  const dependencies = new Map<string, readonly string[]>()
  for (const line of dep.split('\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const path = line.slice(0, colon)
    dependencies.set(
      moduleName(path),
      [
        path,
        ...line
          .slice(colon + 1)
          .split(' ')
          .filter(Boolean),
      ].toReversed(),
    )
  }
  const builtIn = new Set(builtin.split('\n').filter(Boolean).map(moduleName))
  const wanted = names.map(moduleName)
  return {
    paths: [...new Set(wanted.flatMap((name) => dependencies.get(name) ?? []))],
    missing: wanted.filter((name) => !dependencies.has(name) && !builtIn.has(name)),
  }
}

/** Write modules.dep and the other indexes of the tree `root`/lib/modules/`release`. Throws InfraError when depmod fails. */
export async function indexModules(root: string, release: string): Promise<void> {
  await runCommand('depmod', ['--basedir', root, release]).catch((cause) => {
    throw new InfraError(`depmod cannot index the modules in ${root}`, 'install it: apt-get install kmod', { cause })
  })
}

/**
 * These modules of `tree` (laid out as /lib/modules/RELEASE) and their dependencies, in load order, decompressed into the
 * folder `plain`. Throws UserError for a module that the kernel `id` does not have.
 */
export async function plainModules(
  tree: string,
  plain: string,
  id: string,
  names: readonly string[],
  context: KernelContext,
): Promise<ModuleFile[]> {
  const read = (name: string) => readFile(join(tree, name), 'utf8').catch(whenUnreadable(''))
  const { paths, missing } = loadOrder(await read('modules.dep'), await read('modules.builtin'), names)
  if (missing.length > 0) {
    throw new UserError(`${id} has no module ${missing.join(', ')}`, 'try another flavour: kwitness kernels list')
  }
  await makeFolder(plain)
  const files: ModuleFile[] = []
  for (const path of paths) files.push({ name: moduleName(path), path: await plainModule(join(tree, path), plain, context) })
  return files
}

async function plainModule(path: string, plain: string, context: KernelContext): Promise<string> {
  if (path.endsWith('.ko')) return path
  const target = join(plain, `${moduleName(path)}.ko`)
  const temporary = await mkdtemp(join(plain, unfinishedName()))
  try {
    const compressed = join(temporary, basename(path))
    const output = join(temporary, 'module.ko')
    await writeFile(compressed, await readFile(path))
    if (path.endsWith('.xz')) {
      await runCommand('xz', ['--decompress', compressed], { signal: context.signal })
      await rename(compressed.replace(/\.xz$/, ''), output)
    } else {
      const decompress = path.endsWith('.zst') ? promisify(zstdDecompress) : promisify(gunzip)
      await writeFile(output, await decompress(await readFile(compressed)))
    }
    await rename(output, target)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return target
}

/** The only release below `root`/lib/modules; null when there is none. */
export async function releaseOf(root: string): Promise<string | null> {
  return (await readdir(join(root, 'lib', 'modules')).catch(whenUnreadable([])))[0] ?? null
}

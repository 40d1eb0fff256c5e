/** Module trees: which files a module needs, in which order, and those files unpacked. */
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import type { KernelContext, ModuleFile } from './provider.ts'

/** `virtio_console` for `kernel/drivers/char/virtio-console.ko.xz`: modules are the same with `-` and `_`. */
export function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(?:\.\w+)?$/, '')
    .replaceAll('-', '_')
}

/**
 * Paths to load, in order, so that `names` work; each once. `dep` and `builtin` are the texts of modules.dep and
 * modules.builtin (modules.dep(5): behind the colon stands all a module needs, to be loaded from the last to the first).
 * A name that is built in needs nothing. Names of neither kind come back in `missing`.
 */
export function loadOrder(dep: string, builtin: string, names: readonly string[]): { paths: string[]; missing: string[] } {
  const needs = new Map<string, readonly string[]>()
  for (const line of dep.split('\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const path = line.slice(0, colon)
    needs.set(
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
  const inside = new Set(builtin.split('\n').filter(Boolean).map(moduleName))
  const wanted = names.map(moduleName)
  return {
    paths: [...new Set(wanted.flatMap((name) => needs.get(name) ?? []))],
    missing: wanted.filter((name) => !needs.has(name) && !inside.has(name)),
  }
}

/** Write modules.dep and its like into the tree `root`/lib/modules/`release`. */
export async function indexModules(root: string, release: string): Promise<void> {
  await runCommand('depmod', ['--basedir', root, release]).catch((cause) => {
    throw new InfraError(`depmod cannot read the modules in ${root}`, 'apt-get install kmod', { cause })
  })
}

/**
 * The modules of `tree` (laid out as /lib/modules/<release>) that `names` need, as plain .ko files under `plain`.
 * Throws UserError for a name the kernel `id` has not.
 */
export async function plainModules(
  tree: string,
  plain: string,
  id: string,
  names: readonly string[],
  context: KernelContext,
): Promise<ModuleFile[]> {
  const read = (name: string) => readFile(join(tree, name), 'utf8').catch(() => '')
  const { paths, missing } = loadOrder(await read('modules.dep'), await read('modules.builtin'), names)
  if (missing.length > 0) {
    throw new UserError(`${id} has no module ${missing.join(', ')}`, 'another flavour of it may: kwitness kernels list')
  }
  await mkdir(plain, { recursive: true })
  const files: ModuleFile[] = []
  for (const path of paths) files.push({ name: moduleName(path), path: await plainModule(join(tree, path), plain, context) })
  return files
}

async function plainModule(path: string, plain: string, context: KernelContext): Promise<string> {
  if (path.endsWith('.ko')) return path
  const target = join(plain, `${moduleName(path)}.ko`)
  const temporary = await mkdtemp(join(plain, 'tmp-'))
  try {
    const packed = join(temporary, basename(path))
    const output = join(temporary, 'module.ko')
    await writeFile(packed, await readFile(path))
    if (path.endsWith('.xz')) {
      await runCommand('xz', ['--decompress', packed], context.signal === undefined ? {} : { signal: context.signal })
      await rename(packed.replace(/\.xz$/, ''), output)
    } else {
      const unpack = path.endsWith('.zst') ? promisify(zstdDecompress) : promisify(gunzip)
      await writeFile(output, await unpack(await readFile(packed)))
    }
    await rename(output, target)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return target
}

/** The one release under `root`/lib/modules, null when there is none. */
export async function releaseOf(root: string): Promise<string | null> {
  return (await readdir(join(root, 'lib', 'modules')).catch(() => []))[0] ?? null
}

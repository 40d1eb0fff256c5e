/** The payload of one attempt: the program, its arguments and the modules it asks for, as the agent unpacks them. */
import { readFile, writeFile } from 'node:fs/promises'
import { writeCpio } from './cpio.ts'
import type { BuiltModule } from './own-module.ts'

export interface PayloadParts {
  /** Path of the compiled program. */
  readonly program: string
  readonly args: readonly string[]
  /** In load order. */
  readonly modules: readonly { readonly name: string; readonly path: string }[]
  /** For the case to load by itself: they lie beside the program. */
  readonly ownModules: readonly BuiltModule[]
}

/** Write the payload archive to `file`. */
export async function writePayload(file: string, parts: PayloadParts): Promise<void> {
  const modules = await Promise.all(
    parts.modules.map(async ({ name, path }, index) => ({
      name: `modules/${String(index).padStart(2, '0')}-${name}`,
      data: await readFile(path),
    })),
  )
  const ownModules = await Promise.all(
    parts.ownModules.map(async (built) =>
      'path' in built
        ? { name: `${built.name}.ko`, data: await readFile(built.path) }
        : { name: `${built.name}.missing`, data: Buffer.from(`${built.missing}\n`, 'utf8') },
    ),
  )
  const archive = writeCpio([
    { name: 'modules', folder: true },
    { name: 'repro', data: await readFile(parts.program), executable: true },
    { name: 'args', data: Buffer.from(parts.args.map((arg) => `${arg}\0`).join(''), 'utf8') },
    ...modules,
    ...ownModules,
  ])
  await writeFile(file, archive)
}

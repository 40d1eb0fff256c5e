/** Payloads of attempts: the program, its arguments and the modules it asks for, as the agent unpacks them. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { diskError } from '../support/workspace.ts'
import { writeCpio } from './cpio.ts'
import type { BuiltModule } from './external-module.ts'

export interface PayloadParts {
  /** Path of the compiled program. */
  readonly program: string
  readonly args: readonly string[]
  /** In load order. */
  readonly modules: readonly { readonly name: string; readonly path: string }[]
  /** For the case to load by itself: they lie beside the program. */
  readonly externalModules: readonly BuiltModule[]
}

/** Write the payload archive to `file`. */
export async function writePayload(file: string, parts: PayloadParts): Promise<void> {
  const modules = await Promise.all(
    parts.modules.map(async ({ name, path }, index) => ({
      name: `modules/${String(index).padStart(2, '0')}-${name}`,
      data: await readFile(path),
    })),
  )
  const externalModules = await Promise.all(
    parts.externalModules.map(async (built) =>
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
    ...externalModules,
  ])
  await writeFile(file, archive)
}

/** The file of a payload of these parts. Throws InfraError when the disk does not take it. */
export type Payloads = (parts: PayloadParts) => Promise<string>

/** Payloads below `folder`, each written once: the programs of a run are the same on all its kernels. */
export function createPayloads(folder: string): Payloads {
  const written = new Map<string, Promise<string>>()
  let last = 0

  async function write(name: string, parts: PayloadParts): Promise<string> {
    const file = join(folder, name)
    try {
      await writePayload(file, parts)
      return file
    } catch (error) {
      throw diskError(error, `cannot write ${file}`) ?? error
    }
  }

  return (parts) => {
    const key = JSON.stringify(parts)
    const known = written.get(key) ?? write(`payload-${(last += 1)}`, parts)
    written.set(key, known)
    known.catch(() => written.delete(key))
    return known
  }
}

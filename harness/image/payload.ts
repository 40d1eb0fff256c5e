/** Payloads: the program, arguments and modules of one attempt, as a cpio archive that the agent unpacks. */
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { systemError } from '../support/workspace.ts'
import { lengthOfCpio, writeCpio } from './cpio.ts'
import type { BuiltModule } from './external-module.ts'

/** Memory that a guest has for its payload (PAYLOAD_SIZE of agent.h). A payload file is as large, most of it a hole. */
export const PAYLOAD_MIB = 64
const PAYLOAD_BYTES = PAYLOAD_MIB * 2 ** 20

export interface PayloadContent {
  /** Path of the compiled program. */
  readonly program: string
  readonly args: readonly string[]
  /** The agent loads them in this order. */
  readonly modules: readonly { readonly name: string; readonly path: string }[]
  /** Names of modules that the guest finds on its own disk. */
  readonly diskModules?: readonly string[]
  /** They lie beside the program, and the case loads them. */
  readonly externalModules: readonly BuiltModule[]
}

/** Write the payload archive to `file`. Throws UserError for one that is too large, and the error of the file system. */
export async function writePayload(file: string, content: PayloadContent): Promise<void> {
  const modules = await Promise.all(
    content.modules.map(async ({ name, path }, index) => ({
      name: `modules/${String(index).padStart(2, '0')}-${name}`,
      data: await readFile(path),
    })),
  )
  const externalModules = await Promise.all(
    content.externalModules.map(async (built) =>
      'path' in built
        ? { name: `${built.name}.ko`, data: await readFile(built.path) }
        : { name: `${built.name}.missing`, data: Buffer.from(`${built.missing}\n`, 'utf8') },
    ),
  )
  const own = content.diskModules ?? []
  const archive = writeCpio([
    { name: 'modules', folder: true },
    { name: 'repro', data: await readFile(content.program), executable: true },
    { name: 'args', data: Buffer.from(content.args.map((arg) => `${arg}\0`).join(''), 'utf8') },
    ...modules,
    ...(own.length === 0 ? [] : [{ name: 'modprobe', data: Buffer.from(own.join('\n'), 'utf8') }]),
    ...externalModules,
  ])
  if (archive.length > PAYLOAD_BYTES) {
    const size = `${(archive.length / 2 ** 20).toFixed(1)} MiB`
    throw new UserError(`${content.program} and its modules are ${size}, and a guest has room for ${PAYLOAD_MIB} MiB`)
  }
  await writeFile(file, archive)
  await truncate(file, PAYLOAD_BYTES)
}

/** The archive in a payload file, without the hole behind it. */
export async function readArchive(file: string): Promise<Buffer> {
  const bytes = await readFile(file)
  return bytes.subarray(0, lengthOfCpio(bytes))
}

/** Returns the path of the payload with these contents. Throws InfraError for a disk that is full or not writable. */
export type Payloads = (content: PayloadContent) => Promise<string>

/** A source of payloads below `folder`. It writes equal payloads once: a run uses the same ones on all its kernels. */
export function createPayloads(folder: string): Payloads {
  const written = new Map<string, Promise<string>>()
  let last = 0

  async function write(name: string, content: PayloadContent): Promise<string> {
    const file = join(folder, name)
    try {
      await writePayload(file, content)
      return file
    } catch (error) {
      throw systemError(error, `cannot write ${file}`) ?? error
    }
  }

  return (content) => {
    const key = JSON.stringify(content)
    const known = written.get(key) ?? write(`payload-${(last += 1)}`, content)
    written.set(key, known)
    known.catch(() => written.delete(key))
    return known
  }
}

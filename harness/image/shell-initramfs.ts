/** The initramfs of an interactive guest: busybox, an init script, and the programs and modules of cases. */
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { inRepository } from '../support/repository.ts'
import { exists } from '../support/workspace.ts'
import { writeInitramfsCpio, type CpioFile, type CpioFolder } from './cpio.ts'
import type { BuiltModule } from './external-module.ts'

/** Where Debian's busybox-static installs it. */
const BUSYBOX = '/bin/busybox'
const INSTALL = 'apt-get install busybox-static'
/** Type of the program header that names a dynamic loader (elf(5)). */
const PT_INTERP = 3

export interface ShellCase {
  readonly id: string
  /** Path of the compiled program. */
  readonly program: string
  readonly externalModules: readonly BuiltModule[]
}

export interface ShellContent {
  readonly cases: readonly ShellCase[]
  /** Modules of the kernel, in load order. */
  readonly modules: readonly { readonly name: string; readonly path: string }[]
  readonly rows: number
  readonly columns: number
}

/** Whether an x86-64 ELF file asks for a dynamic loader; false for anything that is not one. */
export function isDynamic(elf: Buffer): boolean {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2) return false
  const [offset, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)]
  const headers = Array.from({ length: count }, (_, index) => offset + index * size)
  return headers.some((at) => at + 4 <= elf.length && elf.readUInt32LE(at) === PT_INTERP)
}

async function readBusybox(): Promise<Buffer> {
  if (!(await exists(BUSYBOX))) throw new UserError(`${BUSYBOX} is not here, and the shell runs on it`, INSTALL)
  const elf = await readFile(BUSYBOX)
  if (isDynamic(elf)) throw new UserError(`${BUSYBOX} needs libraries that the guest does not have`, INSTALL)
  return elf
}

async function caseFiles({ id, program, externalModules }: ShellCase): Promise<(CpioFile | CpioFolder)[]> {
  const folder = `case/${id}`
  const built = externalModules.map(async (module) =>
    'path' in module
      ? { name: `${folder}/${module.name}.ko`, data: await readFile(module.path) }
      : { name: `${folder}/${module.name}.missing`, data: Buffer.from(`${module.missing}\n`) },
  )
  const repro = { name: `${folder}/repro`, data: await readFile(program), executable: true }
  return [{ name: folder, folder: true }, repro, ...(await Promise.all(built))]
}

/**
 * Write the initramfs to `file`. Each case has its folder `/case/ID` with its program `repro`. Throws UserError when this
 * machine has no static busybox.
 */
export async function writeShellInitramfs(file: string, { cases, modules, rows, columns }: ShellContent): Promise<void> {
  const kernelModules = modules.map(async ({ name, path }, index) => ({
    name: `modules/${String(index).padStart(2, '0')}-${basename(name, '.ko')}.ko`,
    data: await readFile(path),
  }))
  const archive = writeInitramfsCpio([
    ...['bin', 'case', 'dev', 'etc', 'modules', 'proc', 'sys', 'tmp'].map((name) => ({ name, folder: true as const })),
    { name: 'bin/busybox', data: await readBusybox(), executable: true },
    { name: 'init', data: await readFile(join(inRepository('vm-images', 'guest'), 'shell-init')), executable: true },
    { name: 'etc/session', data: Buffer.from(`ROWS=${rows}\nCOLUMNS=${columns}\n`) },
    ...(await Promise.all(kernelModules)),
    ...(await Promise.all(cases.map(caseFiles))).flat(),
  ])
  await writeFile(file, archive)
}

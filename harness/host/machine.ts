/** Facts about this machine for `kwitness doctor`: cores, memory, KVM, disk space. */
import { constants } from 'node:fs'
import { access, open, statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { runCommand } from '../support/process.ts'
import { whenUnreadable } from '../support/workspace.ts'

/** The state of /dev/kvm. Even when it opens, only a guest that boots proves that KVM works. */
export type KvmDevice = 'absent' | 'not allowed' | 'opens'

export interface FolderSpace {
  readonly path: string
  /** Bytes that this user may still write on its disk. */
  readonly freeBytes: number
  /** Bytes on disk of its content; 0 when it does not exist yet, null where du is not here. */
  readonly usedBytes: number | null
  /** Whether this user may write to it, or create it. */
  readonly writable: boolean
}

export interface Machine {
  readonly cores: number
  readonly memoryBytes: number
  readonly kvm: KvmDevice
}

/** Inspect this machine. */
export async function inspectMachine(): Promise<Machine> {
  return { cores: availableParallelism(), memoryBytes: totalmem(), kvm: await inspectKvm() }
}

/** Disk space of a folder, which need not exist yet. */
export async function folderSpace(path: string): Promise<FolderSpace> {
  let nearest = path
  while (!(await canAccess(nearest, constants.F_OK))) nearest = dirname(nearest)
  const [{ bavail, bsize }, used, writable] = await Promise.all([
    statfs(nearest),
    nearest === path ? usedBytes(path) : 0,
    canAccess(nearest, constants.W_OK),
  ])
  return { path, freeBytes: bavail * bsize, usedBytes: used, writable }
}

function canAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}

/** du counts blocks, so it counts a sparse RAM file by what it occupies; it exits 1 when files vanish while it reads. */
async function usedBytes(path: string): Promise<number | null> {
  const result = await runCommand('du', ['-sk', path], { anyExit: true }).catch(whenUnreadable(null))
  const kibibytes = Number.parseInt(result?.stdout ?? '', 10)
  return Number.isNaN(kibibytes) ? null : kibibytes * 1024
}

async function inspectKvm(): Promise<KvmDevice> {
  if (!(await canAccess('/dev/kvm', constants.F_OK))) return 'absent'
  // Only opening it tells: a container may refuse root a device whose mode allows everything.
  const device = await open('/dev/kvm', 'r+').catch(() => null)
  await device?.close()
  return device === null ? 'not allowed' : 'opens'
}

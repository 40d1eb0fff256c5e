/** Facts about this machine that decide how kwitness can work on it. */
import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { runCommand } from '../support/process.ts'

/** What /dev/kvm looks like. That it opens proves nothing: only a guest that speaks does. */
export type KvmDevice = 'absent' | 'not allowed' | 'opens'

export interface FolderSpace {
  readonly path: string
  /** Bytes that its disk has left for us. */
  readonly freeBytes: number
  /** Bytes on disk of what is in it; 0 when it is not there yet. */
  readonly usedBytes: number
  /** Whether this user may write it, or make it. */
  readonly writable: boolean
}

export interface Machine {
  readonly cores: number
  readonly memoryBytes: number
  readonly kvm: KvmDevice
}

/** Look at the machine. */
export async function lookAtMachine(): Promise<Machine> {
  return { cores: availableParallelism(), memoryBytes: totalmem(), kvm: await lookAtKvm() }
}

/** Space of a folder, which need not be there yet. */
export async function folderSpace(path: string): Promise<FolderSpace> {
  let nearest = path
  while (!(await may(nearest, constants.F_OK))) nearest = dirname(nearest)
  const [{ bavail, bsize }, used, writable] = await Promise.all([
    statfs(nearest),
    nearest === path ? usedBytes(path) : 0,
    may(nearest, constants.W_OK),
  ])
  return { path, freeBytes: bavail * bsize, usedBytes: used, writable }
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}

/** du counts blocks, so a sparse file of a guest's RAM counts as what it takes. It frowns when files go while it looks. */
async function usedBytes(path: string): Promise<number> {
  const { stdout } = await runCommand('du', ['-sk', path], { anyExit: true })
  return Number.parseInt(stdout, 10) * 1024
}

async function lookAtKvm(): Promise<KvmDevice> {
  if (!(await may('/dev/kvm', constants.F_OK))) return 'absent'
  return (await may('/dev/kvm', constants.R_OK | constants.W_OK)) ? 'opens' : 'not allowed'
}

/** By what a Debian archive is read on this host. */
import { runCommand } from '#harness/support/process.ts'
import { whenUnreadable } from '#harness/support/workspace.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import { aptArchive } from './apt.ts'
import type { DebianArchive } from './contract.ts'
import { directArchive } from './direct.ts'

let hasApt: Promise<boolean> | undefined

/** apt where it is installed: the network settings of the host are its. */
export async function archiveOf({ readsArchive }: Pick<KernelContext, 'readsArchive'>): Promise<DebianArchive> {
  if (readsArchive !== undefined) return readsArchive === 'apt' ? aptArchive : directArchive
  hasApt ??= runCommand('apt-get', ['--version'], { anyExit: true })
    .then(() => true)
    .catch(whenUnreadable(false))
  return (await hasApt) ? aptArchive : directArchive
}

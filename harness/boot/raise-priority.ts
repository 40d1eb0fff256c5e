/** Give one guest priority over everything else on the host. */
import { writeFile } from 'node:fs/promises'

/** The highest priority of an autogroup (sched(7)). */
const HIGHEST_PRIORITY = '-20'

/**
 * Raise the scheduling priority of this QEMU, because two vCPUs that race must run at the same time. QEMU has a session, and
 * so an autogroup, of its own, and the scheduler weighs autogroups against each other (sched(7)). Returns false when this
 * user may not raise it, or the kernel has no autogroups.
 */
export async function raisePriority(pid: number): Promise<boolean> {
  return writeFile(`/proc/${pid}/autogroup`, HIGHEST_PRIORITY).then(
    () => true,
    () => false,
  )
}

/** The host's CPUs for one guest before all others. */
import { writeFile } from 'node:fs/promises'

/** The most that a scheduling group can be preferred. */
const FIRST = '-20'

/**
 * Ask the scheduler to let this QEMU go first: two vCPUs that shall meet must run at the same time, and to one that waits for
 * its turn nothing happens. QEMU has a session of its own, and so a scheduling group of its own, which alone counts beside
 * those of other sessions. False where that is not allowed (not root) or not known (no autogroups): it takes its turns.
 */
export async function raisePriority(pid: number): Promise<boolean> {
  return writeFile(`/proc/${pid}/autogroup`, FIRST).then(
    () => true,
    () => false,
  )
}

/** The process that owns a run, identified so that a later process with the same id is another one. */
import { readFileSync } from 'node:fs'

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** State and start time (clock ticks since boot) of a process: fields 3 and 22 of proc(5) stat; null when it is gone. */
function lookUp(pid: number): { state: string; start: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command name may hold spaces and parentheses; the last one closes it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', start: fields[19] ?? '' }
  } catch {
    return null
  }
}

function bootId(): string {
  return readFileSync(BOOT_ID, 'latin1').trim()
}

/** The word by which this process owns a run: boot, process id, start time. */
export function ownToken(): string {
  return `${bootId()} ${process.pid} ${lookUp(process.pid)?.start}`
}

/** Process id behind an owner's word while that very process lives on this machine; null when it is gone. */
export function livingOwner(token: string | null): number | null {
  if (token === null) return null
  const [boot, pid, start] = token.split(' ')
  const found = lookUp(Number(pid))
  if (boot !== bootId() || !found || found.start !== start) return null
  // A zombie has ended; only its parent has not noticed.
  return found.state === 'Z' || found.state === 'X' ? null : Number(pid)
}

/** Ends test files that take longer than any should: node's runner waits for ever for one that spins or leaves something open. */
import { readdirSync, readFileSync } from 'node:fs'

/** Process id of the parent, null for a process that is gone. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name may hold blanks and parentheses; the last one closes it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return null
  }
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** The processes that came from this one, itself first. */
function familyOf(root: number): number[] {
  const parents = readdirSync('/proc')
    .map(Number)
    .filter(Boolean)
    .map((pid) => [pid, parentOf(pid)] as const)
  const family = [root]
  for (const member of family) family.push(...parents.filter(([, parent]) => parent === member).map(([pid]) => pid))
  return family
}

/** Kill the process that runs this test file for us, with all that it started: what holds its output would keep it open. */
export function endTestFile(file: string): void {
  const [, ...ours] = familyOf(process.pid)
  const runs = ours.filter((pid) => parentOf(pid) === process.pid && argumentsOf(pid).includes(file))
  for (const pid of runs.flatMap(familyOf)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // It may end by itself meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

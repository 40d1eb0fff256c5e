/** QEMU's own start: what no guest of ours can be quicker than. */
import { startQemu } from '#harness/boot/qemu/process.ts'

/** Seconds that it took where the budgets of guests were set. They are meant as ratios to it. */
const BUDGETED_FLOOR = 0.033

/** A budget of guests in seconds, and what it comes to on a host whose QEMU starts in `floor` seconds. */
export function budgeted(budget: number, floor: number): { readonly budget: number; readonly budgetHere: number } {
  return { budget, budgetHere: (budget * floor) / BUDGETED_FLOOR }
}

/** A QEMU with no machine in it, under the sandbox and the pdeathsig that every guest has. */
const NOTHING = [
  '-machine',
  'none',
  '-nodefaults',
  '-no-user-config',
  '-display',
  'none',
  '-sandbox',
  'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
  '-chardev',
  'socket,id=qmp,fd=3',
  '-mon',
  'chardev=qmp,mode=control',
]

/** Host seconds from exec of QEMU to the first answer of its monitor, so many times. */
export async function measureFloor(rounds: number): Promise<number[]> {
  const seconds: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now()
    const machine = await startQemu(NOTHING)
    await machine.qmp.execute('query-version')
    seconds.push((performance.now() - started) / 1000)
    await machine.kill()
  }
  return seconds
}

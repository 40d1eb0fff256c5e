/** The ending of an attempt in one word, from what the harness observed at the end and from the console. */
import type { Ending } from '#domain/evidence.ts'
import type { EndingWord } from '#domain/judgement.ts'
import type { ConsoleReading } from '#domain/splat.ts'

/** kernel/reboot.c prints this for a requested reboot; panics and triple faults reset without it. */
const REQUESTED_STOP = /\breboot: (Restarting system|Power down|System halted)/

/** ShutdownCause of QMP: a panic reported through pvpanic, and a power-off by the guest. */
const PANICKED = 'guest-panicked'
const POWERED_OFF = 'guest-shutdown'

/** Name the ending. `consoleLines` (cleaned) only separate a requested stop from the others. */
export function endingWord(ending: Ending, console: ConsoleReading, consoleLines: readonly string[] = []): EndingWord {
  if (ending.kind === 'infra') return 'infra'
  if (ending.kind === 'no-boot') return 'no boot'
  if (console.extraBanners > 0) return 'triple fault'
  const stop = ending.kind === 'guest-stopped' ? ending.reason : null
  if (stop === POWERED_OFF || (stop !== null && consoleLines.some((line) => REQUESTED_STOP.test(line)))) return 'guest stopped'
  if (stop === PANICKED || console.splats.some((splat) => splat.severity === 'fatal')) return 'panic'
  switch (ending.kind) {
    case 'exited':
      if (console.splats.some((splat) => splat.severity === 'oops')) return 'oops, went on'
      /* The agent killed it at its timeout: the case hung, the kernel did not. */
      return ending.exit.timedOut ? 'case hung' : 'clean exit'
    case 'guest-stopped':
      return 'triple fault'
    case 'case-hung':
      return 'case hung'
    case 'kernel-hung':
      return 'kernel hung'
    case 'qemu-gone':
      return 'qemu gone'
    case 'garbled':
      return 'garbled'
  }
}

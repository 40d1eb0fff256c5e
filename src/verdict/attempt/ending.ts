/** The word people know for how an attempt ended: what the harness saw at the end, read together with the console. */
import type { Ending } from '#domain/evidence.ts'
import type { EndingWord } from '#domain/judgement.ts'
import type { ConsoleReading } from '#domain/splat.ts'

/** What kernel/reboot.c prints when somebody asked for it; panics and triple faults reset without these words. */
const ASKED_FOR = /\breboot: (Restarting system|Power down|System halted)/

/** QMP's words (ShutdownCause) for a guest that told it of its panic, and for one that switched itself off. */
const PANICKED = 'guest-panicked'
const SWITCHED_OFF = 'guest-shutdown'

/** Name the ending. `consoleLines` (cleaned) only serve to tell a stop that was asked for from the others. */
export function endingWord(ending: Ending, console: ConsoleReading, consoleLines: readonly string[] = []): EndingWord {
  if (ending.kind === 'infra') return 'infra'
  if (ending.kind === 'no-boot') return 'no boot'
  if (console.extraBanners > 0) return 'triple fault'
  const stop = ending.kind === 'guest-stopped' ? ending.reason : null
  if (stop === SWITCHED_OFF || (stop !== null && consoleLines.some((line) => ASKED_FOR.test(line)))) return 'guest stopped'
  if (stop === PANICKED || console.splats.some((splat) => splat.severity === 'fatal')) return 'panic'
  switch (ending.kind) {
    case 'exited':
      if (console.splats.some((splat) => splat.severity === 'oops')) return 'oops, went on'
      /* The agent had to kill it: it hung, and the kernel did not. */
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

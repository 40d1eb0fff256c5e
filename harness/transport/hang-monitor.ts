/** Monitor a running case until it ends, and classify how it ended. */
import type { Ending, Evidence } from '#domain/evidence.ts'
import type { PhaseLimits } from '#domain/job.ts'
import { endSchema } from '#schema/guest.ts'
import { readJson } from '#schema/read.ts'
import type { GuestChannel } from './guest-channel.ts'
import type { BoundedLog } from './log.ts'

/** What the monitor uses of a guest that runs a case. */
export interface MonitoredGuest {
  readonly channel: GuestChannel
  readonly qemu: {
    /** Settles when QEMU has ended and its console is read to the end. */
    readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null; readonly stderr: string }>
    /** Why the guest stopped by itself; null while it has not. */
    readonly stopReason: () => string | null
  }
}

export interface CaseReport {
  readonly ending: Ending
  readonly taint: Evidence['taint']
}

const UNKNOWN_TAINT = { before: null, after: null } as const
/** Seconds for the agent's own work: unpacking the payload, and reaping a killed case. */
const AGENT_OVERHEAD_SECONDS = 5
const PING_TIMEOUT_SECONDS = 3
/** The agent counts only time in which its guest runs, so on a loaded host its timeout comes later than ours. */
const CASE_TIME_FACTOR = 2

const UNREADABLE_END: CaseReport = {
  ending: { kind: 'garbled', detail: 'the agent reported an end that cannot be read' },
  taint: UNKNOWN_TAINT,
}

function readEnd(body: Buffer): CaseReport {
  const end = readJson(endSchema, body.toString('utf8'))
  if (end === null) return UNREADABLE_END
  const { taintBefore, taintAfter, ...exit } = end
  return { ending: { kind: 'exited', exit }, taint: { before: taintBefore, after: taintAfter } }
}

/**
 * Read frames until the case ends, the guest ends, or the time is up, and write the case's output to `output`. Pings a guest
 * that is silent or late: a pong means that the case hangs, no pong that the kernel hangs.
 */
export async function monitorCase(guest: MonitoredGuest, limits: PhaseLimits, output: BoundedLog): Promise<CaseReport> {
  const { channel, qemu } = guest
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1000
  const ended = (ending: Ending): CaseReport => ({ ending, taint: UNKNOWN_TAINT })
  const caseDeadline = started + (CASE_TIME_FACTOR * limits.caseSeconds + AGENT_OVERHEAD_SECONDS) * 1000
  /** When the ping was sent that is still unanswered. */
  let pingedAt: number | null = null

  for (;;) {
    const silenceDeadline = channel.lastActivity + limits.silenceSeconds * 1000
    const deadline = pingedAt === null ? Math.min(caseDeadline, silenceDeadline) : pingedAt + PING_TIMEOUT_SECONDS * 1000
    const event = await channel.next(deadline)
    if (event.kind === 'exited') {
      const exit = await qemu.exited
      const reason = qemu.stopReason()
      return ended(reason === null ? { kind: 'qemu-gone', ...exit } : { kind: 'guest-stopped', reason })
    }
    if (event.kind === 'lost') return ended({ kind: 'infra', message: `the guest runs, and ${event.reason}` })
    const now = performance.now()
    /* An answer counts, however late a stalled host reads it; more output is not an answer. */
    const isAnswer = event.kind === 'frame' && event.frame.type !== 'out'
    const isOver = pingedAt !== null && now >= pingedAt + PING_TIMEOUT_SECONDS * 1000
    if (isOver && !isAnswer) return ended({ kind: 'kernel-hung', afterSeconds: seconds() })
    if (pingedAt === null && now >= Math.min(caseDeadline, channel.lastActivity + limits.silenceSeconds * 1000)) {
      channel.ping()
      pingedAt = now
    }
    if (event.kind === 'timeout') continue
    const { type, body } = event.frame
    if (type === 'out') output.write(body)
    else if (type === 'end') return readEnd(body)
    else if (type === 'hung') return ended({ kind: 'case-hung', afterSeconds: seconds(), killed: true })
    else if (type === 'error') return ended({ kind: 'infra', message: `the agent: ${body.toString('utf8')}` })
    else if (type === 'garbled') return ended({ kind: 'garbled', detail: JSON.stringify(body.toString('latin1')) })
    else if (type === 'pong') {
      /* The agent lives. Before its own timeout it will end the case itself; after it, the case cannot be ended. */
      if (performance.now() >= caseDeadline) return ended({ kind: 'case-hung', afterSeconds: seconds() })
      pingedAt = null
    }
  }
}

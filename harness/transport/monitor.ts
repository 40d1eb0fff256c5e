/** Follow a running case to its end, and tell the ends apart. */
import type { CaseExit, Ending, Evidence } from '#domain/evidence.ts'
import type { PhaseLimits } from '#domain/job.ts'
import type { Conversation } from './agent.ts'
import type { BoundedLog } from './log.ts'

/** What the monitor needs of a guest that runs a case. */
export interface MonitoredGuest {
  readonly conversation: Conversation
  readonly machine: {
    /** Settles when QEMU is gone and its console is read to the end. */
    readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null; readonly stderr: string }>
    /** Why the guest stopped by itself; null while it did not. */
    readonly stopReason: () => string | null
  }
}

export interface CaseReport {
  readonly ending: Ending
  readonly taint: Evidence['taint']
}

const UNKNOWN_TAINT = { before: null, after: null } as const
/** Seconds the agent has for its own part: unpacking before the case, and reaping a killed one after it. */
const AGENT_SECONDS = 5
const PING_SECONDS = 3
/** The agent counts only the time that its guest ran: on a loaded host that is later over than here. */
const PATIENCE = 2

interface EndFrame extends CaseExit {
  readonly taintBefore: number
  readonly taintAfter: number
}

const UNREADABLE_END: CaseReport = {
  ending: { kind: 'garbled', detail: 'the agent reported an end that cannot be read' },
  taint: UNKNOWN_TAINT,
}

function readEnd(body: Buffer): CaseReport {
  try {
    const { code, signal, timedOut, seconds, taintBefore, taintAfter } = JSON.parse(body.toString('utf8')) as EndFrame
    const known = (value: number | null): number | null => (typeof value === 'number' && value >= 0 ? value : null)
    const exit = { code: known(code), signal: known(signal), timedOut, seconds }
    const isWhole = Number.isFinite(seconds) && typeof timedOut === 'boolean' && (exit.code === null) !== (exit.signal === null)
    if (!isWhole) return UNREADABLE_END
    return { ending: { kind: 'exited', exit }, taint: { before: known(taintBefore), after: known(taintAfter) } }
  } catch {
    return UNREADABLE_END
  }
}

/**
 * Read the guest until the case ends, the guest does, or time is over. A guest that no longer ends by itself is
 * pinged: an answer says that the case hangs, silence that the kernel does.
 */
export async function monitorCase(guest: MonitoredGuest, limits: PhaseLimits, output: BoundedLog): Promise<CaseReport> {
  const { conversation, machine } = guest
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1000
  const ended = (ending: Ending): CaseReport => ({ ending, taint: UNKNOWN_TAINT })
  const lastMoment = started + (PATIENCE * limits.caseSeconds + AGENT_SECONDS) * 1000
  /** When the guest was last asked for a sign of life and has not answered yet. */
  let pingedAt: number | null = null

  for (;;) {
    const silenceOver = conversation.lastWord() + limits.silenceSeconds * 1000
    const deadline = pingedAt === null ? Math.min(lastMoment, silenceOver) : pingedAt + PING_SECONDS * 1000
    const event = await conversation.next(deadline)
    if (event.kind === 'gone') {
      const exit = await machine.exited
      const reason = machine.stopReason()
      return ended(reason === null ? { kind: 'qemu-gone', ...exit } : { kind: 'guest-stopped', reason })
    }
    const now = performance.now()
    /* An answer that is there counts, however late a stalled host comes to read it; more output is none. */
    const isAnswer = event.kind === 'frame' && event.frame.type !== 'out'
    const isOver = pingedAt !== null && now >= pingedAt + PING_SECONDS * 1000
    if (isOver && !isAnswer) return ended({ kind: 'kernel-hung', afterSeconds: seconds() })
    if (pingedAt === null && now >= Math.min(lastMoment, conversation.lastWord() + limits.silenceSeconds * 1000)) {
      conversation.ping()
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
      /* The agent lives. Before the case's own time is over it will end it itself; after that it should have. */
      if (performance.now() >= lastMoment) return ended({ kind: 'case-hung', afterSeconds: seconds() })
      pingedAt = null
    }
  }
}

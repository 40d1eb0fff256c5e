/** A night from its first phase to its last: whatever moment one is killed at, the next goes on from what was noted. */
import type { Night } from '#domain/report/night.ts'
import { enqueueNotice, sendPending } from '#run/nightly/outbox.ts'
import type { NightState } from '#schema/nightly/night.ts'
import { confirmPhase, forgetConfirmations } from './confirm-phase.ts'
import { note, type NightContext } from './context.ts'
import { nightLine, reportPhase } from './report-phase.ts'
import { outOf, runPhase } from './run-phase.ts'

/** Earlier runs that are noted. */
const MAX_NOTED = 10

/** How a night ended. */
export interface EndedNight {
  readonly regressed: number
  /** Notices that no one took, and other trouble. */
  readonly problems: readonly string[]
}

/** A state for a night that begins. */
export function newNight(context: Pick<NightContext, 'places'>, earlier: readonly string[]): NightState {
  const startedAt = new Date().toISOString()
  const empty = { run: null, problems: [], failed: [], notice: null }
  return { schema: 'kwitness.nightly/1', phase: 'run', startedAt, out: outOf(context, startedAt), ...empty, earlier }
}

/** Execute a night from the phase that is noted. Throws the signal's reason, and what keeps a night from any result. */
export async function executeNight(context: NightContext): Promise<EndedNight> {
  const { kernels } = context
  let night: Night | null = null
  for (;;) {
    kernels.signal?.throwIfAborted()
    switch (context.state.phase) {
      case 'run':
        await runPhase(context)
        await note(context, { phase: 'confirm' })
        break
      case 'confirm':
        await confirmPhase(context)
        await note(context, { phase: 'render' })
        break
      case 'render':
        night = await reportPhase(context)
        console.error(nightLine(context, night))
        await note(context, { phase: 'send' })
        break
      case 'send':
        return await sendPhase(context)
      case 'done':
        return { regressed: 0, problems: [] }
    }
  }
}

/** Send the notice of the night, and those that earlier nights could not send; then the night is over. */
async function sendPhase(context: NightContext): Promise<EndedNight> {
  const { config, places, state, kernels } = context
  const { notify } = config
  context.describe('sending notices')
  if (state.notice !== null) await enqueueNotice(places.outbox, state.notice, notify.to)
  const said = (text: string): void => console.error(`kwitness: ${text}`)
  const options = { tries: notify.tries, backoffMs: notify.backoffSeconds * 1000, signal: kernels.signal, note: said }
  const { delivered, problems } = await sendPending(places.outbox, notify.to, options)
  for (const text of problems) said(text)
  if (delivered.length > 0) said(`sent to ${delivered.join(', ')}`)
  else if (state.notice === null && notify.to.length > 0) said('nothing changed, so nothing is sent')
  await forgetConfirmations(context)
  const earlier = state.run === null ? state.earlier : [state.run, ...state.earlier.filter((id) => id !== state.run)]
  const regressed = state.notice?.diff?.counts.regressed ?? 0
  await note(context, { phase: 'done', earlier: earlier.slice(0, MAX_NOTED) })
  return { regressed, problems: [...state.problems, ...problems] }
}

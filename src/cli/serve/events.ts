/** The results of a run that is under way as server-sent events: one look at the store serves all who follow the run. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Report } from '#domain/report/matrix.ts'
import { liveResults } from '#render/html/live.ts'
import { createFollower } from '#run/report/follow.ts'
import type { ReadRuns } from '#store/ports.ts'

/** Milliseconds from one look at the store to the next. */
const EVERY = 200
/** Looks without news after which a comment keeps the connection open. */
const QUIET_LOOKS = 50

/** What is followed, and until when. */
interface Following {
  /** The report of the whole run. */
  readonly whole: Pick<Report, 'run' | 'kernels' | 'cases'>
  /** The last attempt that the page has, as the store counts them. */
  readonly from: number
  readonly signal: AbortSignal
}

/** Send what a run makes until it is over or the reader leaves. */
export async function sendEvents(response: ServerResponse, store: ReadRuns, { whole, from, signal }: Following): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  const left = new AbortController()
  response.on('close', () => left.abort())
  const until = AbortSignal.any([signal, left.signal])
  const look = await createFollower(store, whole.run.id, from)
  let quiet = 0
  while (!until.aborted) {
    const { report, done, total, isOver } = await look()
    quiet = report.cells.length > 0 ? 0 : quiet + 1
    if (report.cells.length > 0) await send('results', { results: liveResults(report.cells, whole), done, total })
    else if (quiet % QUIET_LOOKS === 0) await write(': still there\n\n')
    if (isOver) {
      await send('finished', {})
      break
    }
    // An abort ends the wait, and the loop.
    await setTimeout(EVERY, undefined, { signal: until }).catch(() => undefined)
  }
  response.end()

  async function send(name: string, data: object): Promise<void> {
    await write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  /** Write, and wait for a reader that is slow: what comes meanwhile is in the next look. */
  async function write(text: string): Promise<void> {
    if (!response.write(text)) await once(response, 'drain', { signal: until }).catch(() => undefined)
  }
}

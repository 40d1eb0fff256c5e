/** Programs of apt that fetch, ended when the mirror sends next to nothing: apt itself waits for every byte anew. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { runCommand, type Finished, type RunOptions } from '#harness/support/process.ts'
import { reportProgress, type KernelContext } from './provider.ts'

/** A mirror must send so many bytes in this time: less than a modem does. */
const TIMEOUT_MS = 60_000
const MIN_BYTES = 32 * 1024
/** Looks at what has come, in that time. */
const LOOKS = 12

/** A mirror that accepts connections and sends next to nothing. */
export class MirrorStalled extends InfraError {}

interface Fetching {
  /** What sends, for people. */
  readonly from: string
  /** Bytes that have come so far. */
  readonly bytes: () => Promise<number>
}

/**
 * Run a program of apt that fetches, and return what it says. Waiting for more is said every 20 s. Throws MirrorStalled when less
 * than 32 KiB come in a minute (`context.mirrorTimeoutMs`), and what runCommand throws.
 */
export async function runFetching(
  command: string,
  args: readonly string[],
  { from, bytes }: Fetching,
  context: KernelContext,
  options: RunOptions,
): Promise<Finished> {
  const timeout = context.mirrorTimeoutMs ?? TIMEOUT_MS
  const stalled = new AbortController()
  const signal = AbortSignal.any([stalled.signal, ...(context.signal ? [context.signal] : [])])
  const seen: number[] = [await bytes()]
  const look = async (): Promise<void> => {
    const [now, before] = [await bytes(), seen.at(-LOOKS)]
    seen.push(now)
    if (before !== undefined && Math.abs(now - before) < MIN_BYTES) stalled.abort()
    else if (seen.length % (LOOKS / 3) === 0 && now === seen.at(-2)) {
      reportProgress(context, null, `waiting for ${from}, which has sent ${now} bytes so far`)
    }
  }
  const looking = setInterval(() => void look().catch(() => undefined), timeout / LOOKS)
  try {
    return await runCommand(command, args, { ...options, signal })
  } catch (error) {
    if (!stalled.signal.aborted) throw error
    const came = (seen.at(-1) ?? 0) - (seen.at(-1 - LOOKS) ?? 0)
    const what = `${from} accepts connections but sent ${came} bytes in ${Math.round(timeout / 1000)} s`
    throw new MirrorStalled(what, 'try again later, or pass --mirror URL', { cause: error })
  } finally {
    clearInterval(looking)
  }
}

/** Bytes of the files in a folder and in those directly below it; 0 when it is missing. */
export async function bytesIn(folder: string): Promise<number> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const sizes = items.map(async (item): Promise<number> => {
    const path = join(folder, item.name)
    return item.isDirectory()
      ? bytesIn(path)
      : stat(path).then(
          ({ size }) => size,
          () => 0,
        )
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

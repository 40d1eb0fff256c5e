/** Processes that write into one store, and what they say. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('children/recording-child.ts', import.meta.url))

export interface RecordingChild {
  readonly process: ChildProcess
  readonly said: readonly string[]
  /** Ends when the child has ended and all it said has been read. */
  readonly ended: Promise<{ code: number | null; stderr: string }>
  /** The next line it says; null when it says no more. */
  readonly nextLine: () => Promise<string | null>
}

/** Start a child; `logs` is where it makes its folder of logs. */
export function startRecording(store: string, run: string, most: number, logs: string): RecordingChild {
  const child = spawn(process.execPath, [PROGRAM, store, run, String(most)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, KWITNESS_TEST_LOGS: logs },
  })
  const said: string[] = []
  const waiting: ((line: string | null) => void)[] = []
  let read = 0
  let over = false
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    said.push(line)
    const waiter = waiting.shift()
    if (waiter) waiter(said[read++] ?? null)
  })
  lines.on('close', () => {
    over = true
    for (const waiter of waiting.splice(0)) waiter(null)
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const nextLine = () =>
    new Promise<string | null>((resolve) => {
      if (read < said.length) resolve(said[read++] ?? null)
      else if (over) resolve(null)
      else waiting.push(resolve)
    })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }))
  return { process: child, said, ended, nextLine }
}

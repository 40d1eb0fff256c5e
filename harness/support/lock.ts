/** Locks between processes, held by flock(1): the kernel releases a lock when its holder dies. */
import { once } from 'node:events'
import { dirname } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { describeHolder, HOLDER, leaveNote, type LockNote } from './lock-holder.ts'
import { startProcess } from './process.ts'
import { makeFolder, systemHint } from './workspace.ts'

/** Milliseconds of waiting after which it is said, and between one time and the next. */
const FIRST_WORD_MS = 2_000
const NEXT_WORD_MS = 20_000

export interface LockOptions {
  /** What is locked, for whoever waits: `kernel builds`. */
  readonly name: string
  /** What the holder does, for whoever waits. */
  readonly doing: string
  /** Others may hold it at the same time when they share it, too. A shared holder leaves no note. */
  readonly isShared?: boolean
  /** Throw LockHeld at once where somebody else holds it. */
  readonly noWait?: boolean
  /** Ends the wait, when it is aborted. */
  readonly signal?: AbortSignal | undefined
  /**
   * Gets one sentence after 2 s of waiting and every 20 s after that: who holds the lock, since when, doing what. Of several in
   * this process that wait for one lock only the first gets it.
   */
  readonly onWait?: ((sentence: string) => void) | undefined
}

/** Somebody else holds a lock that is not waited for. */
export class LockHeld extends InfraError {}

const NO_NOTE: LockNote = { describe: () => undefined, remove: () => undefined }

/** Says what the holder does now, for whoever waits. */
export type Describe = (doing: string) => void

/**
 * Run `work` while holding a lock on the file `path`, exclusive if not shared, and return its result. Waits for the lock without
 * a limit, unless told not to. Throws InfraError when flock cannot run or somebody else holds a lock that is not waited for, the
 * signal's reason when it is aborted, and whatever `work` throws.
 */
export async function withLock<T>(path: string, options: LockOptions, work: (describe: Describe) => Promise<T>): Promise<T> {
  const { signal } = options
  await makeFolder(dirname(path))
  const mode = [options.isShared ? '--shared' : '--exclusive', ...(options.noWait ? ['--nonblock'] : [])]
  const holder = startProcess('flock', [...mode, '--no-fork', path, ...HOLDER], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  })
  const { stdin, stdout, stderr } = holder
  if (!stdin || !stdout || !stderr) throw new InfraError(`cannot take the lock ${path}`)
  stdin.on('error', () => {})
  // It comes back with the lock.
  stdin.write('locked\n')
  let said = ''
  stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
  const stopSaying = sayWhileWaiting(path, options)
  const first = await Promise.race([once(stdout, 'data').then(() => null), holder]).finally(stopSaying)
  if (first !== null) {
    signal?.throwIfAborted()
    const { code, exitCode } = first as { readonly code?: string; readonly exitCode?: number }
    if (options.noWait && exitCode === 1 && said === '') {
      throw new LockHeld(`${options.name} cannot be locked: ${await describeHolder(path)}`, 'wait for it, or end it first')
    }
    const why = said.trim() || (first.shortMessage ?? 'flock ended').split('\n')[0]
    throw new InfraError(
      `cannot take the lock ${path}: ${why}`,
      code === 'ENOENT' ? 'install util-linux' : systemHint(code ?? ''),
    )
  }
  const note = options.isShared ? NO_NOTE : leaveNote(path, options.doing)
  try {
    return await work(note.describe)
  } finally {
    note.remove()
    stdin.end()
    await holder
  }
}

/** Those of this process that wait for a lock and say so, by its path: the one that came first speaks for all of them. */
const waiting = new Map<string, object[]>()

/** Say who holds the lock until the returned function is called. */
function sayWhileWaiting(path: string, { name, onWait }: LockOptions): () => void {
  if (!onWait) return () => undefined
  const started = performance.now()
  const self = {}
  waiting.set(path, [...(waiting.get(path) ?? []), self])
  let isOver = false
  const say = async (): Promise<void> => {
    const holder = await describeHolder(path).catch(() => 'nobody knows who holds it')
    const seconds = Math.round((performance.now() - started) / 1000)
    const line = waiting.get(path) ?? []
    if (isOver || line[0] !== self) return
    const others = line.length > 1 ? `, with ${line.length - 1} more in line` : ''
    onWait(`waiting for ${name} (${seconds} s so far${others}): ${holder}`)
  }
  const next = (): void => {
    void say()
    timer = setTimeout(next, NEXT_WORD_MS)
  }
  let timer = setTimeout(next, FIRST_WORD_MS)
  return () => {
    isOver = true
    clearTimeout(timer)
    const left = (waiting.get(path) ?? []).filter((one) => one !== self)
    if (left.length > 0) waiting.set(path, left)
    else waiting.delete(path)
  }
}

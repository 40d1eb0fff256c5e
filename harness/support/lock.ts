/** Locks between processes, held by flock(1): the kernel releases a lock when its holder dies. */
import { once } from 'node:events'
import { dirname } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { startProcess } from './process.ts'
import { makeFolder } from './workspace.ts'

/**
 * Run `work` while holding an exclusive lock on the file `path`, and return its result. Waits for the lock without a limit.
 * Throws InfraError when flock cannot run, the signal's reason when it is aborted, and whatever `work` throws.
 */
export async function withLock<T>(path: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await makeFolder(dirname(path))
  const holder = startProcess('flock', ['--exclusive', path, 'sh', '-c', 'echo locked; exec cat > /dev/null'], {
    stdin: 'pipe',
    stdout: 'pipe',
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  })
  const { stdin, stdout } = holder
  if (!stdin || !stdout) throw new InfraError(`cannot hold the lock ${path}`)
  stdin.on('error', () => {})
  const first = await Promise.race([once(stdout, 'data').then(() => null), holder])
  if (first !== null) {
    signal?.throwIfAborted()
    throw new InfraError(`cannot take the lock ${path}: ${first.shortMessage ?? 'flock ended'}`, 'install util-linux')
  }
  try {
    return await work()
  } finally {
    stdin.end()
    await holder
  }
}

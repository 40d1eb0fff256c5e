/** Who uses the cache: processes that do share a lock, and entries that one of them may hold are removed only under all of it. */
import { dirname, join } from 'node:path'
import { withLock, type LockOptions } from './lock.ts'
import { makeFolder, writeAt, type Workspace } from './workspace.ts'

const HINT = 'set KWITNESS_CACHE to a folder that can be written'

const lockOf = ({ cache }: Pick<Workspace, 'cache'>): string => join(cache, 'locks', 'in-use.lock')

/** Hold the lock during `work`, whose errors are its own. */
async function locked<T>(workspace: Pick<Workspace, 'cache'>, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const path = lockOf(workspace)
  await writeAt(path, HINT, () => makeFolder(dirname(path)))
  return withLock(path, options, work)
}

/** Work while no process removes entries of the cache; waits for one that does. Throws InfraError, and what `work` throws. */
export function whileInUse<T>(
  workspace: Pick<Workspace, 'cache'>,
  options: Pick<LockOptions, 'signal' | 'onWait'>,
  work: () => Promise<T>,
): Promise<T> {
  return locked(workspace, { ...options, name: 'the cache, which is being pruned', doing: 'using it', isShared: true }, work)
}

/** Work while no other process uses the cache. Throws InfraError, which names one, where one does, and what `work` throws. */
export function whileUnused<T>(workspace: Pick<Workspace, 'cache'>, work: () => Promise<T>): Promise<T> {
  return locked(workspace, { name: 'the cache', doing: 'pruning the cache', noWait: true }, work)
}

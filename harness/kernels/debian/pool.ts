/** Files of the Debian pool in the cache. They are verified against the signed index; each use verifies the hash again. */
import { mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { exists, makeFolder, unfinishedName, whenUnreadable } from '#harness/support/workspace.ts'
import { hashFile } from '#harness/support/hash.ts'
import { corruptMessage } from '../provider/cache.ts'
import type { AptRoot } from './archive/root.ts'
import { archiveOf } from './archive/choose.ts'
import { DownloadFailure } from './archive/contract.ts'
import type { PoolFile } from '#schema/cache/debian.ts'
import { NotOnMirrorError, reportProgress, type KernelContext } from '../provider/provider.ts'

const PROGRESS_MS = 200

/**
 * Path of the .deb in the cache, fetched when it is missing or its hash differs from the index.
 * Throws NotOnMirrorError when the pool has dropped the file, InfraError when no mirror gives a file with that hash.
 */
export async function fetchPoolFile(root: AptRoot, file: PoolFile, kernel: string, context: KernelContext): Promise<string> {
  const folder = join(context.workspace.cache, 'debs')
  const path = join(folder, `${file.sha256}.deb`)
  if (await exists(path)) {
    if ((await hashFile(path).catch(whenUnreadable(null))) === file.sha256) return path
    reportProgress(context, kernel, corruptMessage(path))
    await rm(path, { recursive: true, force: true })
  }
  await makeFolder(folder)
  const temporary = await mkdtemp(join(folder, unfinishedName()))
  try {
    const target = join(temporary, 'package.deb')
    await download(root, file, target, kernel, context)
    await rename(target, path)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return path
}

async function download(root: AptRoot, file: PoolFile, target: string, kernel: string, context: KernelContext): Promise<void> {
  const archive = await archiveOf(context)
  let last: unknown = null
  for (const uri of file.uris) {
    const message = `fetching ${uri.slice(uri.lastIndexOf('/') + 1)}`
    const report = (doneBytes: number) => context.progress?.({ kernel, message, doneBytes, totalBytes: file.bytes })
    report(0)
    const timer = setInterval(
      () =>
        void stat(target).then(
          ({ size }) => size < file.bytes && report(size),
          () => {},
        ),
      PROGRESS_MS,
    )
    try {
      await archive.download(root, { ...file, uri }, target, context)
      report(file.bytes)
      return
    } catch (error) {
      context.signal?.throwIfAborted()
      last = error
    } finally {
      clearInterval(timer)
    }
  }
  throw downloadError(file, kernel, last)
}

/** The error for a failed download: whose fault it is. */
function downloadError(file: PoolFile, kernel: string, cause: unknown): unknown {
  // What a mirror that sends nothing is accused of is all there is to say.
  if (!(cause instanceof DownloadFailure)) return cause
  switch (cause.kind) {
    case 'gone':
      return new NotOnMirrorError(
        `${kernel} is listed, but the pool does not have its package any more`,
        'choose another one: kwitness kernels list',
        { cause },
      )
    case 'changed':
      return new InfraError(
        `${file.uris.at(-1)} is not the file the signed index lists (hash sum mismatch): refused`,
        'the mirror or something on the way changed it; try again, or pass --mirror URL',
        { cause },
      )
    case 'full':
      return new InfraError(`no space left for the package of ${kernel}`, 'free some space or set KWITNESS_CACHE', { cause })
    case 'other':
      return new InfraError(
        `cannot fetch the package of ${kernel}: ${cause.message}`,
        'check the network, or pass --mirror URL',
        { cause },
      )
  }
}

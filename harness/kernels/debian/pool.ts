/** Files of the Debian pool in the cache. apt verifies them against the signed index; each use verifies the hash again. */
import { mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InfraError, type UserError } from '#domain/errors.ts'
import { exists, makeFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { corruptMessage, hashFile } from '../provider/cache.ts'
import { bytesIn, runFetching } from '../provider/fetching.ts'
import { aptOptions, type AptRoot } from './apt.ts'
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
  const temporary = await mkdtemp(join(folder, 'tmp-'))
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
  let last: unknown = null
  for (const uri of file.uris) {
    const message = `fetching ${uri.slice(uri.lastIndexOf('/') + 1)}`
    const report = (doneBytes: number) => context.progress?.({ kernel, message, doneBytes, totalBytes: file.bytes })
    report(0)
    const timer = setInterval(
      () =>
        void stat(target).then(
          ({ size }) => report(size),
          () => {},
        ),
      PROGRESS_MS,
    )
    try {
      const args = ['-c', root.config, '-q', 'download-file', uri, target, `SHA256:${file.sha256}`]
      const fetching = { from: new URL(uri).host || uri, bytes: () => bytesIn(dirname(target)) }
      await runFetching('/usr/lib/apt/apt-helper', args, fetching, context, aptOptions(context))
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

/** The error for a failed download: whose fault it is, from the stderr of apt. */
function downloadError(file: PoolFile, kernel: string, cause: unknown): InfraError | UserError {
  const uri = file.uris.at(-1) ?? ''
  // What a mirror that sends nothing is accused of is all there is to say.
  if (cause instanceof InfraError && cause.message.includes('accepts connections')) return cause
  const stderr = String((cause as { cause?: { stderr?: string } } | null)?.cause?.stderr ?? '')
  if (/\b404\b|File not found/.test(stderr)) {
    const message = `${kernel} is listed, but the pool does not have its package any more`
    return new NotOnMirrorError(message, 'choose another one: kwitness kernels list', { cause })
  }
  if (/Hash Sum mismatch|unexpected size/i.test(stderr)) {
    return new InfraError(
      `${uri} is not the file the signed index lists (hash sum mismatch): refused`,
      'the mirror or something on the way changed it; try again, or pass --mirror URL',
      { cause },
    )
  }
  if (stderr.includes('No space left')) {
    return new InfraError(`no space left for the package of ${kernel}`, 'free some space or set KWITNESS_CACHE', { cause })
  }
  const why =
    stderr
      .split('\n')
      .find((line) => line.startsWith('E: '))
      ?.slice(3) ?? (cause instanceof Error ? cause.message : '')
  return new InfraError(`cannot fetch the package of ${kernel}: ${why}`, 'check the network, or pass --mirror URL', { cause })
}

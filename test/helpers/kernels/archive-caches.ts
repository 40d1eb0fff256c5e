/** The test archive with empty caches in front of it, for tests that fetch from it. */
import type { TestContext } from 'node:test'
import { join } from 'node:path'
import type { KernelContext } from '#harness/kernels/index.ts'
import { runCommand } from '#harness/support/process.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { NEW, OLD, serveRepository } from './debian-archive.ts'

const gpg = await runCommand('gpg', ['--version'], { anyExit: true }).catch(() => null)

/** Options of a test that needs the archive: it is skipped where none can be signed. */
export const NEEDS_ARCHIVE: { readonly skip?: string } = gpg
  ? {}
  : { skip: 'gpg (package gnupg) is not here, so no archive can be signed' }

/** Ids of the two kernels in it. */
export const OLD_ID = `debian-${OLD.build}-cloud-amd64`
export const NEW_ID = `debian-${NEW.build}-cloud-amd64`

/** A new archive and empty caches, and what is said on the way. */
export async function archiveWithCaches(t: TestContext, readsArchive?: KernelContext['readsArchive']) {
  const repository = await serveRepository(t)
  const cache = await temporaryFolder(t)
  const messages: string[] = []
  const context: KernelContext = {
    workspace: { cache, state: join(cache, 'state') },
    mirror: repository.mirror,
    keyring: repository.keyring,
    ...(readsArchive === undefined ? {} : { readsArchive }),
    progress: ({ message }) => messages.push(message),
  }
  return { repository, cache, messages, context }
}

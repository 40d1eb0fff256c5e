/** The user-space headers of a kernel tree (`make headers`): a suite is compiled against the interfaces of its own tree. */
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { reportProgress, type KernelContext } from '../kernels/provider/provider.ts'
import { BUILD } from '../kernels/tree/build/make.ts'
import { runCommand } from '../support/process.ts'
import { buildRoot } from '../support/build-root.ts'
import { exists, publishFolder } from '../support/workspace.ts'

/** A kernel source in the cache: folder, version, and the hash of its content in hex. */
export interface SuiteSource {
  readonly folder: string
  readonly version: string
  readonly key: string
}

/** The folder `usr` with a tree's headers, made once; null when the tree cannot make any, so that this host's are used. */
export async function fetchHeaders({ folder, key }: SuiteSource, context: KernelContext): Promise<string | null> {
  const entry = join(buildRoot(context.workspace.cache), 'suites', `headers-${key.slice(0, 16)}`)
  if (!(await exists(entry))) {
    reportProgress(context, null, 'making the headers of the tree')
    await publishFolder(entry, async (temporary) => {
      const build = join(temporary, 'build')
      const options = { ...BUILD, anyExit: true, signal: context.signal }
      const { exitCode, stderr } = await runCommand('make', ['--silent', '-C', folder, `O=${build}`, 'headers'], options)
      context.signal?.throwIfAborted()
      if (exitCode === 0) await rename(join(build, 'usr'), join(temporary, 'usr'))
      else
        reportProgress(
          context,
          null,
          `the tree cannot make headers, so this host's are used: ${stderr.trim().split('\n').at(-1) ?? ''}`,
        )
      await rm(build, { recursive: true, force: true })
    })
  }
  const usr = join(entry, 'usr')
  return (await exists(usr)) ? usr : null
}

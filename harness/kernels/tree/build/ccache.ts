/** Compile through ccache when this machine has it. */
import { existsSync } from 'node:fs'
import { readlink, rename, rm, symlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { delimiter, join } from 'node:path'
import { buildRoot } from '#harness/support/build-root.ts'
import { makeFolder, whenUnreadable, type Workspace } from '#harness/support/workspace.ts'

/**
 * Environment in which `gcc` runs through ccache; empty on a machine without ccache. The command lines stay `gcc ...`,
 * because make stores them and would recompile a copied build when they change. The user's own CCACHE_DIR is respected.
 */
export async function ccacheEnvironment({ cache }: Workspace, env = process.env): Promise<Record<string, string>> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const ccache = folders.map((folder) => join(folder, 'ccache')).find((file) => existsSync(file))
  if (ccache === undefined) return {}
  // PATH cannot hold a folder with a colon.
  const front = join(buildRoot(cache), 'ccache', 'front')
  await linkOnce(ccache, join(front, 'gcc'), front)
  const ours = env['CCACHE_DIR'] ? {} : { CCACHE_DIR: join(cache, 'ccache', 'objects'), CCACHE_MAXSIZE: '4G' }
  return { PATH: [front, ...folders].join(delimiter), ...ours }
}

/** Link `link` to ccache: called by the name of a compiler, ccache runs the next program of that name in PATH. */
async function linkOnce(target: string, link: string, folder: string): Promise<void> {
  if ((await readlink(link).catch(whenUnreadable(null))) === target) return
  await makeFolder(folder)
  const temporary = `${link}.tmp-${randomUUID()}`
  await symlink(target, temporary)
  await rename(temporary, link).catch(async (error: unknown) => {
    await rm(temporary, { force: true })
    throw error
  })
}

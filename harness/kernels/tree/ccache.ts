/** ccache in front of the compiler, where this machine has it: what was compiled once is not compiled again. */
import { existsSync } from 'node:fs'
import { mkdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { delimiter, join } from 'node:path'
import type { Workspace } from '#harness/support/workspace.ts'

/**
 * Environment in which `gcc` is compiled through ccache; empty where there is none. The command lines stay `gcc ...`: make
 * remembers them, and would do everything again in a copied build if ccache came or went. What the user set for it counts.
 */
export async function ccacheEnvironment({ cache }: Workspace, env = process.env): Promise<Record<string, string>> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const ccache = folders.map((folder) => join(folder, 'ccache')).find((file) => existsSync(file))
  if (ccache === undefined) return {}
  const front = join(cache, 'ccache', 'front')
  await linkOnce(ccache, join(front, 'gcc'), front)
  const ours = env['CCACHE_DIR'] ? {} : { CCACHE_DIR: join(cache, 'ccache', 'objects'), CCACHE_MAXSIZE: '4G' }
  return { PATH: [front, ...folders].join(delimiter), ...ours }
}

/** Called by another name, ccache is in front of the next program of that name in PATH. */
async function linkOnce(target: string, link: string, folder: string): Promise<void> {
  if ((await readlink(link).catch(() => null)) === target) return
  await mkdir(folder, { recursive: true })
  const temporary = `${link}.tmp-${randomUUID()}`
  await symlink(target, temporary)
  await rename(temporary, link).catch(async (error: unknown) => {
    await rm(temporary, { force: true })
    throw error
  })
}

/** Changelogs in the cache: one file serves all builds that it covers, and a changelog contained in another is removed. */
import { createHash } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { partsOf } from '#domain/changelog.ts'
import { changelogIndexSchema, type ChangelogIndex } from '#schema/cache/debian.ts'
import { readJsonCache } from '#harness/support/json-cache.ts'
import { publishFolder, whenUnreadable, type Workspace } from '#harness/support/workspace.ts'
import { compareDebianVersions } from './archive/version.ts'

/** A changelog in the cache. */
export interface CachedChangelog extends Omit<ChangelogIndex, 'schema'> {
  /** The changelog as its package has it: a gzip file. */
  readonly path: string
}

const INDEX = 'index.json'
const TEXT = 'changelog.gz'

const folderOf = ({ cache }: Workspace) => join(cache, 'changelogs')

/** All cached changelogs, the newest build first. */
export async function cachedChangelogs(workspace: Workspace): Promise<CachedChangelog[]> {
  const names = await readdir(folderOf(workspace)).catch(whenUnreadable([]))
  const whole = names.filter((name) => !name.includes('.tmp-'))
  const read = await Promise.all(whole.map((name) => readIndex(folderOf(workspace), name)))
  return read.filter((one) => one !== null).toSorted((a, b) => compareDebianVersions(b.build, a.build))
}

async function readIndex(folder: string, name: string): Promise<CachedChangelog | null> {
  const index = await readJsonCache(join(folder, name, INDEX), changelogIndexSchema)
  if (!index) return null
  const { schema: _, ...rest } = index
  return { ...rest, path: join(folder, name, TEXT) }
}

/** Store the changelog of a package, a gzip file. Returns null for a text that covers no build. */
export async function storeChangelog(gzip: Uint8Array, workspace: Workspace): Promise<CachedChangelog | null> {
  const bytes = await promisify(gunzip)(gzip)
  const text = bytes.toString('utf8')
  const builds = partsOf(text).map(({ build }) => build)
  const [build] = builds
  if (build === undefined) return null
  const releases = [...new Set([...text.matchAll(/ChangeLog-(\d+\.\d+(?:\.\d+)?)$/gm)].map(([, release = '']) => release))]
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const name = `${build.replaceAll(':', '%3a')}@${sha256.slice(0, 12)}`
  const index: ChangelogIndex = { schema: 'kwitness.changelog/1', sha256, build, builds, releases }
  const entry = await publishFolder(join(folderOf(workspace), name), async (folder) => {
    await writeFile(join(folder, TEXT), gzip)
    await writeFile(join(folder, INDEX), JSON.stringify(index))
  })
  return readIndex(entry, '.')
}

/** Remove each changelog whose own build another one covers: that one contains all its entries. */
export async function pruneChangelogs(workspace: Workspace): Promise<void> {
  const all = await cachedChangelogs(workspace)
  const isHeld = (one: CachedChangelog) => all.some((other) => other.build !== one.build && other.builds.includes(one.build))
  await Promise.all(all.filter(isHeld).map(({ path }) => rm(join(path, '..'), { recursive: true, force: true })))
}

/** Changelogs in the cache: one file serves all builds that it covers, and a changelog contained in another is removed. */
import { createHash } from 'node:crypto'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { partsOf } from '#domain/changelog.ts'
import { publishFolder, type Workspace } from '#harness/support/workspace.ts'
import { compareDebianVersions } from './version.ts'

/** A changelog in the cache. */
export interface CachedChangelog {
  /** The changelog as its package has it: a gzip file. */
  readonly path: string
  /** Hash of the uncompressed text. */
  readonly sha256: string
  /** Package version that the file came with, and every version that it covers, newest first. */
  readonly build: string
  readonly builds: readonly string[]
  /** Upstream stable releases that it lists: `6.12.29`. */
  readonly releases: readonly string[]
}

const INDEX = 'index.json'
const TEXT = 'changelog.gz'
const SCHEMA = 'kwitness.changelog/1'

const folderOf = ({ cache }: Workspace) => join(cache, 'changelogs')

/** All cached changelogs, the newest build first. */
export async function cachedChangelogs(workspace: Workspace): Promise<CachedChangelog[]> {
  const names = await readdir(folderOf(workspace)).catch(() => [])
  const whole = names.filter((name) => !name.includes('.tmp-'))
  const read = await Promise.all(whole.map((name) => readIndex(folderOf(workspace), name)))
  return read.filter((one) => one !== null).toSorted((a, b) => compareDebianVersions(b.build, a.build))
}

async function readIndex(folder: string, name: string): Promise<CachedChangelog | null> {
  try {
    const { schema, ...index } = JSON.parse(await readFile(join(folder, name, INDEX), 'utf8'))
    return schema === SCHEMA ? { ...index, path: join(folder, name, TEXT) } : null
  } catch {
    return null
  }
}

/** Store the changelog of a package, a gzip file. Returns null for a text that covers no build. */
export async function storeChangelog(gzip: Uint8Array, workspace: Workspace): Promise<CachedChangelog | null> {
  const bytes = await promisify(gunzip)(gzip)
  const text = bytes.toString('utf8')
  const builds = partsOf(text).map(({ build }) => build)
  const [build] = builds
  if (build === undefined) return null
  const releases = [...new Set([...text.matchAll(/ChangeLog-(\d+\.\d+(?:\.\d+)?)$/gm)].map(([, release]) => release))]
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const name = `${build.replaceAll(':', '%3a')}@${sha256.slice(0, 12)}`
  const entry = await publishFolder(join(folderOf(workspace), name), async (folder) => {
    await writeFile(join(folder, TEXT), gzip)
    await writeFile(join(folder, INDEX), JSON.stringify({ schema: SCHEMA, sha256, build, builds, releases }))
  })
  return readIndex(entry, '.')
}

/** Remove each changelog whose own build another one covers: that one contains all its entries. */
export async function pruneChangelogs(workspace: Workspace): Promise<void> {
  const all = await cachedChangelogs(workspace)
  const isHeld = (one: CachedChangelog) => all.some((other) => other.build !== one.build && other.builds.includes(one.build))
  await Promise.all(all.filter(isHeld).map(({ path }) => rm(join(path, '..'), { recursive: true, force: true })))
}

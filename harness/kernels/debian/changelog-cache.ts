/** Changelogs in the cache: one that tells of many builds is kept for all of them, and no other that it holds. */
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
  /** The text, as the package had it: compressed by gzip. */
  readonly path: string
  /** Of the text, not of the compressed file. */
  readonly sha256: string
  /** Package version it was taken from, and every one it tells of, newest first. */
  readonly build: string
  readonly builds: readonly string[]
  /** Stable releases it lists: `6.12.29`. */
  readonly releases: readonly string[]
}

const INDEX = 'index.json'
const TEXT = 'changelog.gz'
const SCHEMA = 'kwitness.changelog/1'

const folderOf = ({ cache }: Workspace) => join(cache, 'changelogs')

/** All that are there, newest build first. */
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

/** Keep the changelog that came with a build, compressed as its package had it. Null for a text that tells of no build. */
export async function keepChangelog(gzip: Uint8Array, workspace: Workspace): Promise<CachedChangelog | null> {
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

/** Remove those whose own build another one tells of: it tells all they do. */
export async function pruneChangelogs(workspace: Workspace): Promise<void> {
  const all = await cachedChangelogs(workspace)
  const isHeld = (one: CachedChangelog) => all.some((other) => other.build !== one.build && other.builds.includes(one.build))
  await Promise.all(all.filter(isHeld).map(({ path }) => rm(join(path, '..'), { recursive: true, force: true })))
}

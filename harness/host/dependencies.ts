/** What kwitness needs from this machine's Debian: the list in dependencies.txt, and what of it is here. */
import { readFile } from 'node:fs/promises'
import { existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { InvariantError } from '#domain/errors.ts'
import { runCommand } from '../support/process.ts'

/** Needed to run cases, to build kernels from source, by the tests alone, or by nothing but good to have. */
export type DependencyScope = 'guest' | 'build' | 'test' | 'optional'

export interface Need {
  /** What is looked for: a command in PATH, or a file pattern when it starts with a slash. */
  readonly what: string
  /** The Debian package that brings it. */
  readonly package: string
  readonly scope: DependencyScope
  readonly why: string
}

export interface FoundDependency extends Need {
  /** Where it is, null when it is missing. */
  readonly path: string | null
  /** Version of the Debian package, null when what is here came another way. */
  readonly version: string | null
}

const LIST = join(import.meta.dirname, 'dependencies.txt')

/** The list as data; throws InvariantError on a line that is not one need. */
export function parseDependencies(text: string): Need[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [, what, name, scope, why] = /^(\S+) +(\S+) +(guest|build|test|optional) +(\S.*)$/.exec(line) ?? []
    if (!what || !name || !why) throw new InvariantError(`dependencies.txt: not a need: ${line}`)
    return { what, package: name, scope: scope as DependencyScope, why }
  })
}

/** Look for each need, the way the launcher does. `path` is PATH, and the sbin folders are searched too. */
export async function findDependencies(path: string = process.env['PATH'] ?? ''): Promise<FoundDependency[]> {
  const needs = parseDependencies(await readFile(LIST, 'utf8'))
  const folders = [...path.split(delimiter).filter(Boolean), '/usr/sbin', '/sbin']
  const versions = await packageVersions(needs.map((need) => need.package))
  return needs.map((need) => {
    const found = need.what.startsWith('/')
      ? globSync(need.what).toSorted()[0]
      : folders.map((folder) => join(folder, need.what)).find((file) => existsSync(file))
    return { ...need, path: found ?? null, version: (found && versions.get(need.package)) ?? null }
  })
}

/** The one line that installs these packages, for root or for somebody with sudo. */
export function installLine(packages: readonly string[], isRoot: boolean): string {
  const sudo = isRoot ? '' : 'sudo '
  const names = [...new Set(packages)].join(' ')
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${names}`
}

/** Versions of the packages that are installed; empty where there is no dpkg. */
async function packageVersions(packages: readonly string[]): Promise<Map<string, string>> {
  const format = '${Package} ${db:Status-Status} ${Version}\n'
  const query = await runCommand('dpkg-query', ['-W', '-f', format, ...packages], { anyExit: true }).catch(() => null)
  const rows = (query?.stdout ?? '').split('\n').map((row) => row.split(' '))
  return new Map(rows.filter(([, state]) => state === 'installed').map(([name = '', , version = '']) => [name, version]))
}

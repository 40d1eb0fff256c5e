/** The Debian packages that kwitness depends on: the list in dependencies.txt, and which of them this machine has. */
import { readFile } from 'node:fs/promises'
import { existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { InvariantError } from '#domain/errors.ts'
import { runCommand } from '../support/process.ts'
import { whenUnreadable } from '../support/workspace.ts'

/** What a dependency is for: running cases, building kernels from source, the tests, or an optional extra. */
export type DependencyScope = 'guest' | 'build' | 'shell' | 'test' | 'optional'

export interface Dependency {
  /** A command in PATH, or a pattern of a file when it starts with a slash; behind bars what does as well. */
  readonly what: string
  /** The Debian package that contains it. */
  readonly package: string
  readonly scope: DependencyScope
  readonly why: string
}

export interface FoundDependency extends Dependency {
  /** Path of the command or file; null when this machine does not have it. */
  readonly path: string | null
  /** Version of the Debian package; null when the file does not come from that package. */
  readonly version: string | null
}

const LIST = join(import.meta.dirname, 'dependencies.txt')

/** Parse dependencies.txt. Throws InvariantError that quotes the first malformed line. */
export function parseDependencies(text: string): Dependency[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [, what, name, scope, why] = /^(\S+) +(\S+) +(guest|build|shell|test|optional) +(\S.*)$/.exec(line) ?? []
    if (!what || !name || !why) throw new InvariantError(`dependencies.txt: malformed line: ${line}`)
    return { what, package: name, scope: scope as DependencyScope, why }
  })
}

/** Look for each dependency as the launcher does: in `path` (as PATH), then in the sbin folders. */
export async function findDependencies(path: string = process.env['PATH'] ?? ''): Promise<FoundDependency[]> {
  const dependencies = parseDependencies(await readFile(LIST, 'utf8'))
  const folders = [...path.split(delimiter).filter(Boolean), '/usr/sbin', '/sbin']
  const versions = await packageVersions(dependencies.map((dependency) => dependency.package))
  const pathOf = (what: string) =>
    what.startsWith('/')
      ? globSync(what).toSorted()[0]
      : folders.map((folder) => join(folder, what)).find((file) => existsSync(file))
  return dependencies.map((dependency) => {
    const [own, ...others] = dependency.what.split('|').map(pathOf)
    const found = own ?? others.find((other) => other !== undefined) ?? null
    // Only the first is of the package.
    return { ...dependency, path: found, version: (own && versions.get(dependency.package)) ?? null }
  })
}

/** A shell command that installs these packages of Debian, with sudo unless the user is root; their names where apt is not. */
export function installCommand(packages: readonly string[], isRoot: boolean, hasApt = true): string {
  const sudo = isRoot ? '' : 'sudo '
  const names = [...new Set(packages)].join(' ')
  if (!hasApt) return `what contains the files of these packages of Debian: ${names}`
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${names}`
}

/** Versions of the installed packages by name; empty on a machine without dpkg. */
async function packageVersions(packages: readonly string[]): Promise<Map<string, string>> {
  const format = '${Package} ${db:Status-Status} ${Version}\n'
  const query = await runCommand('dpkg-query', ['-W', '-f', format, ...packages], { anyExit: true }).catch(whenUnreadable(null))
  const rows = (query?.stdout ?? '').split('\n').map((row) => row.split(' '))
  return new Map(rows.filter(([, state]) => state === 'installed').map(([name = '', , version = '']) => [name, version]))
}

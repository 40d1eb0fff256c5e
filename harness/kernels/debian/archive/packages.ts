/** Parse Debian package indexes and derive the kernels that they list, in the package layouts before and since 6.19. */
import { seriesOf } from '#domain/version.ts'
import type { DebianKernel, HeaderPackage, PoolFile } from '#schema/cache/debian.ts'

/** The fields of a package's entry that kwitness uses. */
export interface PackageEntry {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly bytes: number
  readonly sha256: string
}

/** The packages of one suite on one mirror. */
export interface PackageList {
  readonly suite: string
  /** URL that Filename fields are relative to, without a trailing slash. */
  readonly mirror: string
  readonly packages: readonly PackageEntry[]
}

const NAME = /^linux-(image|binary|binary-unsigned|modules|base)-(\d[\w.+-]*?)-(cloud-amd64|rt-amd64|amd64)(-unsigned)?$/
/** Headers of one flavour, headers common to all flavours, and the programs of kbuild. */
const HEADERS = /^linux-(?:headers-\d[\w.+-]*-(?:cloud-amd64|rt-amd64|amd64|common(?:-rt)?)|kbuild-\d[\w.+-]*)$/

/** A smaller linux-image contains no kernel: it is a metapackage, or the empty package of the layout since 6.19. */
const MIN_KERNEL_BYTES = 1024 * 1024

/** Parse a Packages file: the entries of kernels and their headers, without malformed ones. */
export function parsePackages(text: string): PackageEntry[] {
  const entries = text
    .split(/\n{2,}/)
    .filter((entry) => /^Package: linux-(?:image|binary(?:-unsigned)?|modules|base|headers|kbuild)-\d/m.test(entry))
  return entries.flatMap((entry) => {
    const read = readEntry(entry)
    return read !== null && (NAME.test(read.name) || HEADERS.test(read.name)) ? [read] : []
  })
}

/** The entries of one package in a Packages file, found without reading the others. */
export function entriesOf(text: string, name: string): PackageEntry[] {
  const found: PackageEntry[] = []
  const head = `Package: ${name}\n`
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, at + 1)) {
    if (at > 0 && text[at - 1] !== '\n') continue
    const end = text.indexOf('\n\n', at)
    const read = readEntry(text.slice(at, end < 0 ? undefined : end))
    if (read !== null) found.push(read)
  }
  return found
}

/** A paragraph of a Packages file; null where a field is missing or malformed. */
function readEntry(paragraph: string): PackageEntry | null {
  const field = (name: string) => new RegExp(`^${name}: *(.+)$`, 'm').exec(paragraph)?.[1]?.trim() ?? ''
  const read = {
    name: field('Package'),
    version: field('Version'),
    filename: field('Filename'),
    bytes: Number(field('Size')),
    sha256: field('SHA256').toLowerCase(),
  }
  const isWhole = /^[\w.+~:-]+$/.test(read.version) && /^[\w.+~:/%-]+$/.test(read.filename)
  return isWhole && Number.isSafeInteger(read.bytes) && /^[0-9a-f]{64}$/.test(read.sha256) ? read : null
}

/** `6.1.170` for the package version `6.1.170-3`, `7.3~rc7` for `7.3~rc7-1~exp1`. */
export function upstreamVersion(build: string): string {
  const text = build.replace(/^\d+:/, '')
  const dash = text.lastIndexOf('-')
  return dash < 0 ? text : text.slice(0, dash)
}

type PackagePart = 'signed' | 'unsigned' | 'modules' | 'base'

/** The packages of one build, collected while the lists are read. */
interface Build {
  readonly build: string
  readonly release: string
  readonly flavour: string
  /** Whether it has the layout before 6.19, where one package contains everything. */
  readonly isSinglePackage: boolean
  readonly suites: Set<string>
  readonly files: Map<PackagePart, PoolFile>
}

/** The kernels of all lists, one per build and flavour however many suites list or sign it, sorted by id. */
export function kernelsOf(lists: readonly PackageList[]): DebianKernel[] {
  const builds = new Map<string, Build>()
  for (const { suite, mirror, packages } of lists) {
    for (const entry of packages) {
      const match = NAME.exec(entry.name)
      const part = match && partOf(match[1] ?? '', match[4] !== undefined, entry.bytes)
      if (!match || !part) continue
      const flavour = match[3] ?? ''
      const id = `debian-${entry.version.replaceAll(':', '%3a')}-${flavour}`
      const release = `${match[2]}-${flavour}`
      const isSinglePackage = match[1] === 'image'
      const fresh: Build = { build: entry.version, release, flavour, isSinglePackage, suites: new Set(), files: new Map() }
      const build = builds.get(id) ?? fresh
      builds.set(id, build)
      if (part === 'signed' || part === 'unsigned') build.suites.add(suite)
      build.files.set(part, addUri(build.files.get(part), mirror, entry))
    }
  }
  return [...builds]
    .flatMap(([id, { build, release, flavour, isSinglePackage, suites, files }]) => {
      const boot = files.get('signed') ?? files.get('unsigned')
      if (!boot) return []
      const version = upstreamVersion(build)
      const kernel = { id, provider: 'debian', version, series: seriesOf(version), build, flavour, arch: 'x86_64' } as const
      const parts = {
        boot,
        bootHoldsModules: isSinglePackage,
        modules: files.get('modules') ?? null,
        base: files.get('base') ?? null,
      }
      return { ...kernel, release, suites: [...suites].toSorted(), ...parts }
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** The header packages of all lists, each once with all its URIs, sorted by name and version. */
export function headersOf(lists: readonly PackageList[]): HeaderPackage[] {
  const found = new Map<string, HeaderPackage>()
  for (const { mirror, packages } of lists) {
    for (const entry of packages.filter(({ name }) => HEADERS.test(name))) {
      const { name, version } = entry
      const key = `${name} ${version}`
      found.set(key, { name, version, file: addUri(found.get(key)?.file, mirror, entry) })
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

/** The file with one more URI. A list that gives another hash for the same package adds none. */
function addUri(known: PoolFile | undefined, mirror: string, { filename, sha256, bytes }: PackageEntry): PoolFile {
  const uri = `${mirror}/${filename}`
  if (!known) return { sha256, bytes, uris: [uri] }
  return known.sha256 !== sha256 || known.uris.includes(uri) ? known : { ...known, uris: [...known.uris, uri] }
}

function partOf(kind: string, unsigned: boolean, bytes: number): PackagePart | null {
  if (kind === 'modules' || kind === 'base') return kind
  if (kind === 'binary') return 'signed'
  if (kind === 'binary-unsigned') return 'unsigned'
  return bytes < MIN_KERNEL_BYTES ? null : unsigned ? 'unsigned' : 'signed'
}

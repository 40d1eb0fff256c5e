/** Debian package indexes as text, and the kernels they list. Layout facts: kernel packages before and since 6.19. */
import type { Kernel } from '#domain/kernel.ts'
import { seriesOf } from '#domain/version.ts'

/** A file of the pool: what the signed index says about it, and every place that has it. */
export interface PoolFile {
  readonly sha256: string
  readonly bytes: number
  readonly uris: readonly string[]
}

/** A kernel build as the indexes list it. */
export interface DebianKernel extends Kernel {
  /** What uname -r says, as the names of its packages have it: `6.1.0-47-cloud-amd64`. */
  readonly release: string
  /** Suites that list it, sorted. */
  readonly suites: readonly string[]
  /** Holds vmlinuz; before 6.19 also the modules and the config. */
  readonly boot: PoolFile
  readonly bootHoldsModules: boolean
  /** Null where the index lists no such package (6.19 to 7.1). */
  readonly modules: PoolFile | null
  readonly base: PoolFile | null
}

/** The stanza of one package, cut down to what is needed here. */
export interface PackageEntry {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly bytes: number
  readonly sha256: string
}

/** A list of packages and where it comes from. */
export interface PackageList {
  readonly suite: string
  /** URL that the Filename fields hang from, without a slash at its end. */
  readonly mirror: string
  readonly packages: readonly PackageEntry[]
}

/** A package that modules are compiled against. */
export interface HeaderPackage {
  readonly name: string
  readonly version: string
  readonly file: PoolFile
}

const NAME = /^linux-(image|binary|binary-unsigned|modules|base)-(\d[\w.+-]*?)-(cloud-amd64|rt-amd64|amd64)(-unsigned)?$/
/** Headers of one flavour, those that all flavours share, and the programs that kbuild runs. */
const HEADERS = /^linux-(?:headers-\d[\w.+-]*-(?:cloud-amd64|rt-amd64|amd64|common(?:-rt)?)|kbuild-\d[\w.+-]*)$/

/** A linux-image smaller than this holds no kernel: it is a metapackage, or the empty one of the layout since 6.19. */
const SMALLEST_KERNEL_BYTES = 1024 * 1024

/** Read a Packages file, keeping the stanzas of kernels and of their headers; broken stanzas are left out. */
export function parsePackages(text: string): PackageEntry[] {
  const stanzas = text
    .split(/\n{2,}/)
    .filter((stanza) => /^Package: linux-(?:image|binary(?:-unsigned)?|modules|base|headers|kbuild)-\d/m.test(stanza))
  return stanzas.flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}: *(.+)$`, 'm').exec(stanza)?.[1]?.trim() ?? ''
    const name = field('Package')
    const read = {
      name,
      version: field('Version'),
      filename: field('Filename'),
      bytes: Number(field('Size')),
      sha256: field('SHA256').toLowerCase(),
    }
    const known = NAME.test(name) || HEADERS.test(name)
    const whole = known && /^[\w.+~:-]+$/.test(read.version) && /^[\w.+~:/%-]+$/.test(read.filename)
    return whole && Number.isSafeInteger(read.bytes) && /^[0-9a-f]{64}$/.test(read.sha256) ? [read] : []
  })
}

/** `6.1.170` for the package version `6.1.170-3`, `7.3~rc7` for `7.3~rc7-1~exp1`. */
export function upstreamVersion(build: string): string {
  const text = build.replace(/^\d+:/, '')
  const dash = text.lastIndexOf('-')
  return dash < 0 ? text : text.slice(0, dash)
}

type Part = 'signed' | 'unsigned' | 'modules' | 'base'

/** What is gathered of one kernel while the lists are read. */
interface Build {
  readonly build: string
  readonly release: string
  readonly flavour: string
  /** The layout before 6.19: one package holds everything. */
  readonly whole: boolean
  readonly suites: Set<string>
  readonly files: Map<Part, PoolFile>
}

/** The kernels of all lists: one per build and flavour, whatever the number of suites and of signings. Sorted by id. */
export function kernelsOf(lists: readonly PackageList[]): DebianKernel[] {
  const builds = new Map<string, Build>()
  for (const { suite, mirror, packages } of lists) {
    for (const stanza of packages) {
      const match = NAME.exec(stanza.name)
      const part = match && partOf(match[1] ?? '', match[4] !== undefined, stanza.bytes)
      if (!match || !part) continue
      const flavour = match[3] ?? ''
      const id = `debian-${stanza.version.replaceAll(':', '%3a')}-${flavour}`
      const release = `${match[2]}-${flavour}`
      const whole = match[1] === 'image'
      const fresh: Build = { build: stanza.version, release, flavour, whole, suites: new Set(), files: new Map() }
      const entry = builds.get(id) ?? fresh
      builds.set(id, entry)
      if (part === 'signed' || part === 'unsigned') entry.suites.add(suite)
      entry.files.set(part, addPlace(entry.files.get(part), mirror, stanza))
    }
  }
  return [...builds]
    .flatMap(([id, { build, release, flavour, whole, suites, files }]) => {
      const boot = files.get('signed') ?? files.get('unsigned')
      if (!boot) return []
      const version = upstreamVersion(build)
      const kernel = { id, provider: 'debian', version, series: seriesOf(version), build, flavour, arch: 'x86_64' } as const
      const parts = { boot, bootHoldsModules: whole, modules: files.get('modules') ?? null, base: files.get('base') ?? null }
      return { ...kernel, release, suites: [...suites].toSorted(), ...parts }
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** The header packages of all lists, each once, with every place that has it. Sorted by name and version. */
export function headersOf(lists: readonly PackageList[]): HeaderPackage[] {
  const found = new Map<string, HeaderPackage>()
  for (const { mirror, packages } of lists) {
    for (const stanza of packages.filter(({ name }) => HEADERS.test(name))) {
      const { name, version } = stanza
      const key = `${name} ${version}`
      found.set(key, { name, version, file: addPlace(found.get(key)?.file, mirror, stanza) })
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

/** The file with one more place; a list that gives other bytes for the same package adds none. */
function addPlace(known: PoolFile | undefined, mirror: string, { filename, sha256, bytes }: PackageEntry): PoolFile {
  const uri = `${mirror}/${filename}`
  if (!known) return { sha256, bytes, uris: [uri] }
  return known.sha256 !== sha256 || known.uris.includes(uri) ? known : { ...known, uris: [...known.uris, uri] }
}

function partOf(kind: string, unsigned: boolean, bytes: number): Part | null {
  if (kind === 'modules' || kind === 'base') return kind
  if (kind === 'binary') return 'signed'
  if (kind === 'binary-unsigned') return 'unsigned'
  return bytes < SMALLEST_KERNEL_BYTES ? null : unsigned ? 'unsigned' : 'signed'
}

/** The Debian mirrors that this host uses, from its apt sources (deb822 and one-line), and the suites that have kernels. */

/** One `deb` entry of the apt sources. */
export interface AptSource {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  /** The keyring it names; empty when it names none. */
  readonly signedBy: string
}

/** URIs without a trailing slash; null when the host does not configure that mirror. */
export interface Mirrors {
  readonly main: string | null
  readonly security: string | null
}

/** Suites of the main and of the security archive that list kernels. A mirror may lack some of them. */
export const MAIN_SUITES: readonly string[] = [
  'bullseye',
  'bookworm',
  'bookworm-updates',
  'bookworm-backports',
  'trixie',
  'trixie-updates',
  'trixie-backports',
  'forky',
  'sid',
  'experimental',
]
export const SECURITY_SUITES: readonly string[] = ['bullseye-security', 'bookworm-security', 'trixie-security']

const RELEASE = '(?:buster|bullseye|bookworm|trixie|forky|duke|sid|stable|oldstable|oldoldstable|testing|unstable)'
const MAIN_SUITE = new RegExp(`^(?:${RELEASE}(?:-updates|-backports)?|experimental)$`)
const SECURITY_SUITE = new RegExp(`^${RELEASE}(?:-security|/updates)$`)

/** Parse the one-line format of sources.list(5); other lines than `deb` entries are skipped. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line)
    if (!match) return []
    const [, options = '', uri = '', suite = '', components = ''] = match
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? ''
    return [{ uri, suite, components: components.split(/\s+/).filter(Boolean), signedBy }]
  })
}

/** Parse the deb822 format of sources.list(5): one source per pair of URI and suite. Skips disabled entries. */
export function parseDeb822Sources(text: string): AptSource[] {
  const plain = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
  return plain.split(/\n\s*\n/).flatMap((paragraph) => {
    const field = (name: string) => new RegExp(`^${name}:((?:.*)(?:\\n[ \\t]+.*)*)`, 'im').exec(paragraph)?.[1]?.trim() ?? ''
    const words = (name: string) => field(name).split(/\s+/).filter(Boolean)
    if (!words('Types').includes('deb') || /^(?:no|false|off|0)$/i.test(field('Enabled'))) return []
    const components = words('Components')
    const signedBy = field('Signed-By').startsWith('-----BEGIN') ? 'inline' : field('Signed-By')
    return words('URIs').flatMap((uri) => words('Suites').map((suite) => ({ uri, suite, components, signedBy })))
  })
}

/**
 * The Debian mirrors among a host's sources. Skips third-party archives, which name their own keyring or suites that Debian
 * does not have; one that still looks like Debian's fails later, when apt checks its signature.
 */
export function debianMirrors(sources: readonly AptSource[]): Mirrors {
  const debian = sources
    .filter(({ components, signedBy }) => components.includes('main') && (signedBy === '' || signedBy.includes('debian-archive')))
    .map((source) => ({ ...source, uri: source.uri.replace(/\/+$/, '') }))
  const best = (suites: RegExp, path: RegExp) => {
    const fitting = debian.filter(({ suite }) => suites.test(suite.replace(/\/$/, '')))
    return (fitting.find(({ uri }) => path.test(uri)) ?? fitting[0])?.uri ?? null
  }
  return { main: best(MAIN_SUITE, /\/debian$/), security: best(SECURITY_SUITE, /\/debian-security$/) }
}

/** The security archive of a mirror whose main archive is at `main`: by convention `.../debian` and `.../debian-security`. */
export function securityBeside(main: string): string {
  return `${main.replace(/\/+$/, '')}-security`
}

/** Which Debian mirrors this host uses, read from its apt sources (deb822 and one-line), and the suites kernels come from. */

/** One `deb` entry of the apt sources. */
export interface AptSource {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  /** Keyring named for it, empty when none is. */
  readonly signedBy: string
}

/** Mirrors without a slash at their end; null where the host names none. */
export interface Mirrors {
  readonly main: string | null
  readonly security: string | null
}

/** Suites of the main archive and of the security archive that carry kernels. A mirror need not have them all. */
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

/** Read the one-line format of sources.list(5); lines that are no `deb` entry give nothing. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line)
    if (!match) return []
    const [, options = '', uri = '', suite = '', components = ''] = match
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? ''
    return [{ uri, suite, components: components.split(/\s+/).filter(Boolean), signedBy }]
  })
}

/** Read the deb822 format of sources.list(5): stanzas with URIs and Suites, each pair an entry; disabled ones give nothing. */
export function parseDeb822Sources(text: string): AptSource[] {
  const plain = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
  return plain.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}:((?:.*)(?:\\n[ \\t]+.*)*)`, 'im').exec(stanza)?.[1]?.trim() ?? ''
    const words = (name: string) => field(name).split(/\s+/).filter(Boolean)
    if (!words('Types').includes('deb') || /^(?:no|false|off|0)$/i.test(field('Enabled'))) return []
    const components = words('Components')
    const signedBy = field('Signed-By').startsWith('-----BEGIN') ? 'inline' : field('Signed-By')
    return words('URIs').flatMap((uri) => words('Suites').map((suite) => ({ uri, suite, components, signedBy })))
  })
}

/**
 * The Debian mirrors among a host's sources. Third-party archives are passed over: they name a keyring of their own or
 * suites Debian has not. Should one still look like Debian's, apt will refuse it, for its signature is not the archive's.
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

/** Where the security archive lies beside a main one, by the custom of mirrors: `.../debian` and `.../debian-security`. */
export function securityBeside(main: string): string {
  return `${main.replace(/\/+$/, '')}-security`
}

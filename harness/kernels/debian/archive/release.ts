/** Release files of a Debian archive, as text whose signature was checked. */

/** What kwitness reads of a Release file. */
export interface Release {
  /** Milliseconds since the epoch. */
  readonly date: number
  /** Null where it is good for ever. */
  readonly validUntil: number | null
  /** Its lists can be asked for by their hash, which a mirror that is being updated does not change under them. */
  readonly byHash: boolean
  /** By path below the suite's folder. */
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly bytes: number }>
}

/**
 * Parse the text of a Release file. Returns why it is refused where it is not of this suite, has no valid date, or no list of
 * SHA256 hashes.
 */
export function parseRelease(text: string, suite: string): Release | string {
  const field = (name: string) => new RegExp(`^${name}: *(.*)$`, 'm').exec(text)?.[1]?.trim()
  // A suite of another name, signed by the same keys, must not pass for this one.
  if (![field('Suite'), field('Codename')].includes(suite)) {
    return `it is of ${field('Codename') ?? field('Suite') ?? 'no suite'}, not of ${suite}`
  }
  const date = Date.parse(field('Date') ?? '')
  const until = field('Valid-Until')
  const validUntil = until === undefined ? null : Date.parse(until)
  if (Number.isNaN(date) || Number.isNaN(validUntil)) return 'it has no date that can be read'
  const block = /^SHA256:[^\S\n]*\n((?:[^\S\n].*(?:\n|$))+)/m.exec(text)?.[1] ?? ''
  const rows = [...block.matchAll(/^ ([0-9a-f]{64}) +(\d+) +(\S+)$/gm)]
  const files = new Map(rows.map(([, sha256 = '', bytes, path = '']) => [path, { sha256, bytes: Number(bytes) }]))
  if (files.size === 0) return 'it lists no SHA256 hash'
  return { date, validUntil, byHash: field('Acquire-By-Hash') === 'yes', files }
}

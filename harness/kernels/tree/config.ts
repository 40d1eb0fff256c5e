/** Config fragments: what they ask for, and whether a configured tree gave it. */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { UserError } from '#domain/errors.ts'

/** A fragment by the name it goes under, with the lines that say something. */
export interface Fragment {
  readonly name: string
  readonly lines: readonly ConfigLine[]
}

/** One wish: `CONFIG_SMP=y`, or `# CONFIG_KSM is not set`. */
export interface ConfigLine {
  readonly symbol: string
  /** Null for a symbol that shall not be set. */
  readonly value: string | null
  /** Nothing is wrong when this tree does not know or offer the symbol: `# if known` stands behind it. */
  readonly ifKnown: boolean
}

const FOLDER = inRepository('vm-images', 'configs')

/** Read a fragment by its name in vm-images/configs or by its path. Throws UserError when it is not there or is none. */
export async function readFragment(nameOrPath: string): Promise<Fragment> {
  const path = nameOrPath.includes('/') ? nameOrPath : join(FOLDER, `${nameOrPath}.config`)
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    const hint = 'those that come along: vm-images/configs'
    throw new UserError(`cannot read the config fragment ${nameOrPath}: ${cause.message}`, hint)
  })
  return parseFragment(text, basename(path).replace(/\.config$/, ''))
}

/** Read the text of a fragment. Comments and empty lines say nothing; any other line that is no config line is a UserError. */
export function parseFragment(text: string, name: string): Fragment {
  const lines = text.split('\n').flatMap((line): ConfigLine[] => {
    const [, wish = '', known] = /^(.*?)\s*(# if known)?\s*$/.exec(line) ?? []
    const [, set, value] = /^(CONFIG_\w+)=(\S.*)$/.exec(wish) ?? []
    const unset = /^# (CONFIG_\w+) is not set$/.exec(wish)?.[1]
    if (set !== undefined) return [{ symbol: set, value: value ?? null, ifKnown: known !== undefined }]
    if (unset !== undefined) return [{ symbol: unset, value: null, ifKnown: known !== undefined }]
    if (wish === '' || wish.startsWith('#')) return []
    const hint = 'write CONFIG_X=y or # CONFIG_X is not set'
    throw new UserError(`the config fragment ${name} has a line that is none: ${line}`, hint)
  })
  return { name, lines }
}

/** A wish as Kconfig writes it. */
export function formatLine({ symbol, value }: ConfigLine): string {
  return value === null ? `# ${symbol} is not set` : `${symbol}=${value}`
}

/** All wishes in order, as a text to put behind a .config: of two about one symbol Kconfig takes the last. */
export function mergeFragments(fragments: readonly Fragment[]): string {
  return fragments.flatMap(({ lines }) => lines.map((line) => `${formatLine(line)}\n`)).join('')
}

/**
 * What a configured tree did not give, one sentence a line, empty when it gave everything. Of two wishes about one symbol
 * the last counts. A symbol that is not there at all is as good as not set.
 */
export function missedLines(fragments: readonly Fragment[], config: string): string[] {
  const have = new Map(parseFragment(config, '.config').lines.map(({ symbol, value }) => [symbol, value]))
  const wishes = new Map(fragments.flatMap(({ name, lines }) => lines.map((line) => [line.symbol, { name, line }] as const)))
  return [...wishes.values()].flatMap(({ name, line }) => {
    const got = have.get(line.symbol)
    if ((got ?? null) === line.value || (line.ifKnown && got === undefined)) return []
    const instead = got === undefined ? 'does not offer it' : `has ${formatLine({ ...line, value: got })}`
    return [`${formatLine(line)} of ${name} did not take: the configured tree ${instead}`]
  })
}

/** Kconfig fragments: parse and merge them, and check which of their lines took effect. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { UserError } from '#domain/errors.ts'
import type { Fragment, Setting } from '#schema/cache/tree.ts'

const FOLDER = inRepository('vm-images', 'configs')

/** Read a fragment by its name in vm-images/configs or by its path. Throws UserError when it is missing or malformed. */
export async function readFragment(nameOrPath: string): Promise<Fragment> {
  const own = join(FOLDER, `${nameOrPath}.config`)
  const path = nameOrPath.includes('/') || (!existsSync(own) && existsSync(nameOrPath)) ? nameOrPath : own
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    const hint = 'name one of vm-images/configs, or give the path of a file'
    throw new UserError(`cannot read the config fragment ${nameOrPath}: ${cause.message}`, hint)
  })
  return parseFragment(text, basename(path).replace(/\.config$/, ''))
}

/** Parse a fragment. Throws UserError for a line that is neither a setting, nor a comment, nor empty. */
export function parseFragment(text: string, name: string): Fragment {
  const lines = text.split('\n').flatMap((line): Setting[] => {
    const [, setting = '', known] = /^(.*?)\s*(# if known)?\s*$/.exec(line) ?? []
    const [, set, said] = /^(CONFIG_\w+)=(\S.*)$/.exec(setting) ?? []
    const value = said && withoutComment(said)
    // Without its blank, Kconfig would take it for a comment.
    const unset = /^#\s*(CONFIG_\w+) is not set$/.exec(setting)?.[1]
    // merge_config.sh takes =n, too; Kconfig writes it as not set.
    if (set !== undefined) return [{ symbol: set, value: value === 'n' ? null : (value ?? null), ifKnown: known !== undefined }]
    if (unset !== undefined) return [{ symbol: unset, value: null, ifKnown: known !== undefined }]
    if (setting === '' || setting.startsWith('#')) return []
    const hint = 'write CONFIG_X=y, CONFIG_X=n or # CONFIG_X is not set'
    throw new UserError(`the config fragment ${name} has a malformed line: ${line}`, hint)
  })
  return { name, lines }
}

/** A value without the comment behind it: Kconfig reads one letter, or up to the closing quote, and nothing says that it did. */
function withoutComment(value: string): string {
  return /^("(?:[^"\\]|\\.)*"|[^"\s]\S*)\s+#/.exec(value)?.[1] ?? value
}

/** A setting in the syntax of .config. */
export function formatSetting({ symbol, value }: Setting): string {
  return value === null ? `# ${symbol} is not set` : `${symbol}=${value}`
}

/** All settings in order, as text to append to a .config: Kconfig takes the last of two lines for one symbol. */
export function mergeFragments(fragments: readonly Fragment[]): string {
  return fragments.flatMap(({ lines }) => lines.map((line) => `${formatSetting(line)}\n`)).join('')
}

/**
 * The settings that did not take effect in the text `config` of a configured tree, one sentence each; empty when all did. Of
 * two settings for one symbol the last counts. A symbol that is missing from the config counts as not set.
 */
export function droppedSettings(fragments: readonly Fragment[], config: string): string[] {
  const have = new Map(parseFragment(config, '.config').lines.map(({ symbol, value }) => [symbol, value]))
  const settings = new Map(fragments.flatMap(({ name, lines }) => lines.map((line) => [line.symbol, { name, line }] as const)))
  return [...settings.values()].flatMap(({ name, line }) => {
    const actual = have.get(line.symbol)
    if ((actual ?? null) === line.value || (line.ifKnown && actual === undefined)) return []
    const instead = actual === undefined ? 'does not offer it' : `has ${formatSetting({ ...line, value: actual })}`
    return [`${formatSetting(line)} of ${name} was dropped: the configured tree ${instead}`]
  })
}

/** `kwitness cache`: what the cache holds, and what of it goes. */
import { Option, type Command } from '@commander-js/extra-typings'
import { CACHE_KINDS, listCache, listOthers, removeEntries, type CacheEntry, type CacheKind } from '#harness/cache/prune.ts'
import { whileUnused } from '#harness/support/cache-use.ts'
import { findWorkspace, type Workspace } from '#harness/support/workspace.ts'
import { expiredOf, type Limits } from '#analysis/retention.ts'
import { UserError } from '#domain/errors.ts'
import { countOf } from '#domain/numbers.ts'
import { helpText } from '#cli/help/text.ts'
import { json, retentionOptions, type OptionsOf } from '#cli/options/shared.ts'
import { print } from '#cli/output/streams.ts'
import { limitsOf, sizeText } from './limits.ts'

const kinds = new Option('--kinds <kind...>', `only these: ${CACHE_KINDS.join(', ')} (default: all)`).choices(CACHE_KINDS)

const listOptions = (command: Command) => command.addOption(json('kinds, entries and bytes'))
const pruneOptions = (command: Command) =>
  retentionOptions(command.addOption(kinds), 'entries').addOption(json('entries and bytes'))

const HELP = helpText({
  remarks: [
    'Everything in the cache can be fetched or made again. The newest that --keep names are those of each kind. While another ' +
      'process uses the cache, only snapshots go: a guest goes on without the one that it came from.',
  ],
  exits: { 3: 'infrastructure: another process uses the cache, and what is no snapshot stayed' },
  examples: [
    ['what takes how much', 'kwitness cache'],
    ['what was not used for a month', 'kwitness cache prune --older-than 30d'],
    ['at most 10 GiB of kernels and snapshots', 'kwitness cache prune --max-size 10G --kinds kernels snapshots --dry-run'],
  ],
})

/** Declare the command with its subcommands. */
export function declare(command: Command) {
  command.description('Show what the cache holds, or remove some of it.').helpCommand(false).addHelpText('after', HELP)
  listOptions(command.command('show', { isDefault: true }))
    .description('Show what the cache holds, by kind.')
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await show(options)
    })
  pruneOptions(command.command('prune'))
    .description('Remove entries that are old, many or large.')
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await prune(options)
    })
}

async function show(options: OptionsOf<typeof listOptions>): Promise<number> {
  const { cache } = findWorkspace()
  const entries = await listCache(findWorkspace())
  const rows = CACHE_KINDS.map((kind) => {
    const own = entries.filter((one) => one.kind === kind)
    return { kind, entries: own.length, bytes: bytesOf(own) }
  })
  const others = await listOthers(findWorkspace())
  const large = others.filter(({ bytes }) => bytes >= 2 ** 20)
  const names = large.map(({ name, bytes }) => `  ${name.padEnd(18)} ${sizeText(bytes).padStart(9)}`)
  const kept = names.length === 0 ? [] : ['never pruned:', ...names]
  const line = ({ kind, entries: count, bytes }: (typeof rows)[number]) =>
    `${kind.padEnd(12)} ${countOf(count).padStart(7)} ${sizeText(bytes).padStart(9)}`
  await print(
    options.json ? JSON.stringify({ cache, kinds: rows, others }, null, 2) : [cache, ...rows.map(line), ...kept].join('\n'),
    options.json,
  )
  return 0
}

const bytesOf = (entries: readonly CacheEntry[]): number => entries.reduce((sum, { bytes }) => sum + bytes, 0)

/** Remove entries, and give the exit code. */
async function prune(options: OptionsOf<typeof pruneOptions>): Promise<number> {
  const limits = limitsOf(options)
  if (limits === null) throw new UserError('nothing says what to remove', 'give --older-than, --keep or --max-size')
  const { removed, isBusy } = await pruneCache(findWorkspace(), limits, options)
  const verb = options.dryRun ? 'would go' : 'removed'
  const lines = [...Map.groupBy(removed, ({ kind }) => kind)].map(
    ([kind, own]) => `${kind.padEnd(12)} ${countOf(own.length).padStart(7)} ${sizeText(bytesOf(own)).padStart(9)}`,
  )
  const names = options.dryRun ? removed.map(({ name, bytes }) => `${sizeText(bytes).padStart(9)}  ${name}`) : []
  const data = { removed: removed.map(({ kind, name, bytes }) => ({ kind, name, bytes })), dryRun: options.dryRun === true }
  const text = [...names, ...lines, `${countOf(removed.length)} entries ${verb}: ${sizeText(bytesOf(removed))}`].join('\n')
  await print(options.json ? JSON.stringify(data, null, 2) : text, options.json)
  return isBusy ? 3 : 0
}

interface PruneOptions {
  readonly kinds?: readonly CacheKind[] | undefined
  readonly dryRun?: boolean | undefined
}

/** Remove what limits name. While another process uses the cache, which is said, only snapshots go (`isBusy`). */
export async function pruneCache(workspace: Workspace, limits: Limits, { kinds: wanted, dryRun }: PruneOptions = {}) {
  const choose = async (): Promise<CacheEntry[]> => {
    const entries = await listCache(workspace, wanted)
    if (limits.keep === undefined) return expiredOf(entries, limits, Date.now())
    // Of each kind so many stay, else a hundred small programs would be the newest of all.
    const byKind = Map.groupBy(entries, ({ kind }) => kind)
    const kept = [...byKind.values()].flatMap((own) => {
      const loose = new Set(expiredOf(own, { keep: limits.keep! }, Date.now()))
      return own.map((one) => ({ ...one, isHeld: !loose.has(one) }))
    })
    const { keep: _keep, ...others } = limits
    return Object.keys(others).length === 0 ? kept.filter(({ isHeld }) => !isHeld) : expiredOf(kept, others, Date.now())
  }
  if (dryRun) return { removed: await choose(), isBusy: false }
  try {
    const removed = await whileUnused(workspace, async () => {
      const chosen = await choose()
      await removeEntries(workspace, chosen)
      return chosen
    })
    return { removed, isBusy: false }
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('the cache cannot be locked')) throw error
    console.error(`kwitness: only snapshots go: ${error.message}`)
    const removed = (await choose()).filter(({ kind }) => kind === 'snapshots')
    await removeEntries(workspace, removed)
    return { removed, isBusy: true }
  }
}

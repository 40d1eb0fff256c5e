/** `kwitness runs rm`, `pin` and `unpin`: which stored runs stay. */
import type { Command } from '@commander-js/extra-typings'
import { findWorkspace } from '#harness/support/workspace.ts'
import { expiredOf, type Limits, type Retained } from '#analysis/retention.ts'
import { UserError } from '#domain/errors.ts'
import { many } from '#domain/numbers.ts'
import { hasStore, openStore } from '#store/index.ts'
import type { Store } from '#store/ports.ts'
import { helpText } from '#cli/help/text.ts'
import { json, retentionOptions, type OptionsOf } from '#cli/options/shared.ts'
import { print } from '#cli/output/streams.ts'
import { limitsOf, sizeText } from './limits.ts'

const removeOptions = (command: Command) => retentionOptions(command, 'runs').addOption(json('ids and bytes'))

/** Declare the subcommands of `kwitness runs`. */
export function declareRetention(command: Command): void {
  // Without it, and the same for the whole program, `kwitness runs` takes the --json of its subcommand.
  command.helpCommand(false).enablePositionalOptions()
  removeOptions(command.command('rm'))
    .argument('[runs...]', 'ids of runs, as kwitness runs lists them')
    .summary('remove runs with their evidence')
    .description(
      'Remove runs with their evidence: those that are named, or those that are old, many or large. Pinned runs, runs that a ' +
        'process is at, and (where none is named) the newest one stay. Reports that were written to files stay, too.',
    )
    .addHelpText('after', HELP)
    .action(async (runs, options) => {
      process.exitCode = await removeRuns(runs, options)
    })
  for (const [name, pinned, what] of PINS) {
    command
      .command(name)
      .argument('<runs...>', 'ids of runs, as kwitness runs lists them')
      .description(what)
      .addHelpText('after', HELP)
      .action(async (runs) =>
        withWritableStore(async (store) => {
          for (const run of runs) await store.pinRun(run, pinned)
        }),
      )
  }
}

const PINS = [
  ['pin', true, 'Keep runs from being removed, by hand or by kwitness nightly.'],
  ['unpin', false, 'Let pinned runs go again.'],
] as const

const HELP = helpText({
  examples: [
    ['one run', 'kwitness runs rm 2026-01-31-1'],
    ['what is older than a month, but never the newest ten', 'kwitness runs rm --older-than 30d --keep 10'],
    ['bring the store down to 5 GiB', 'kwitness runs rm --max-size 5G --dry-run'],
    ['keep a run', 'kwitness runs pin 2026-01-31-1'],
  ],
})

async function withWritableStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const { state } = findWorkspace()
  if (!hasStore(state)) throw new UserError(`no run is stored in ${state} yet`, 'kwitness run makes one')
  const store = await openStore(state)
  try {
    return await work(store)
  } finally {
    store.close()
  }
}

/** Remove runs, and give the exit code. */
async function removeRuns(runs: readonly string[], options: OptionsOf<typeof removeOptions>): Promise<number> {
  const limits = limitsOf(options)
  if (runs.length === 0 && limits === null) {
    throw new UserError('nothing says which runs to remove', 'name runs, or give --older-than, --keep or --max-size')
  }
  if (runs.length > 0 && limits !== null) {
    throw new UserError('runs are named, and limits are given', 'give only one of the two')
  }
  return withWritableStore(async (store) => {
    const all = await retainedRuns(store)
    for (const id of runs) await store.readRun(id)
    const named = all.filter(({ name }) => runs.includes(name))
    const expired = (): Retained[] => expiredOf(all, { keep: 1, ...limits }, Date.now())
    if (!options.dryRun && limits === null) await removeAll(store, named, false)
    const chosen = limits === null ? named : options.dryRun ? expired() : await removeBeyond(store, limits)
    const bytes = chosen.reduce((sum, one) => sum + one.bytes, 0)
    const verb = options.dryRun ? 'would go' : 'removed'
    const lines = chosen.map(({ name, bytes: own }) => `${name.padEnd(16)} ${sizeText(own).padStart(9)}`)
    const text = [...lines, `${many(chosen.length, 'run')} ${verb}: ${sizeText(bytes)}`].join('\n')
    const data = { removed: chosen.map(({ name, bytes: own }) => ({ id: name, bytes: own })), dryRun: options.dryRun === true }
    await print(options.json ? JSON.stringify(data, null, 2) : text, options.json)
    return 0
  })
}

/**
 * Remove runs one by one, then give the disk back what they took. The newest goes first: then what later runs reuse moves
 * once, to one that stays; the oldest first, it would move from each removed run to the next. Where limits chose them
 * (`mayStay`), a run that somebody has claimed or pinned since stays, and is said.
 */
async function removeAll(store: Store, runs: readonly Retained[], mayStay: boolean): Promise<void> {
  const order = runs.toSorted((a, b) => Number(b.isHeld) - Number(a.isHeld) || b.usedAt - a.usedAt)
  for (const { name } of order) {
    try {
      await store.removeRun(name)
    } catch (error) {
      if (!mayStay || !(error instanceof UserError)) throw error
      console.error(`kwitness: run ${name} stays: ${error.message}`)
    }
  }
  if (runs.length > 0 && !(await store.compact())) {
    console.error('kwitness: a run is under way, so the file of the store shrinks at the next removal')
  }
}

/**
 * Remove runs until the limits hold; those of `held` stay, too. What later runs reuse of a removed one moves to them, so a limit
 * of size may take more than one round. Returns what is gone.
 */
export async function removeBeyond(store: Store, limits: Limits, held: ReadonlySet<string> = new Set()): Promise<Retained[]> {
  const gone: Retained[] = []
  for (;;) {
    const all = (await retainedRuns(store)).map((run) => ({ ...run, isHeld: run.isHeld || held.has(run.name) }))
    const chosen = expiredOf(all, { keep: 1, ...limits }, Date.now())
    if (chosen.length === 0) return gone
    await removeAll(store, chosen, true)
    const left = new Set(await store.runIds())
    const removed = chosen.filter(({ name }) => !left.has(name))
    gone.push(...removed)
    // What somebody has claimed meanwhile stays.
    if (removed.length === 0) return gone
  }
}

/** All runs with what they take. Those that are pinned or under way are held. */
export async function retainedRuns(store: Store): Promise<Retained[]> {
  const runs = await store.listRuns()
  const ids = runs.map(({ id }) => id)
  const [bytes, pinned] = [await store.runBytes(ids), new Set(await store.pinnedRuns())]
  return runs.map(({ id, startedAt, finishedAt, owner }) => ({
    name: id,
    usedAt: Date.parse(finishedAt ?? startedAt),
    bytes: bytes.get(id) ?? 0,
    isHeld: pinned.has(id) || owner !== null,
  }))
}

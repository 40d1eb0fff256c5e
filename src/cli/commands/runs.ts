/** `kwitness runs`: the stored runs. */
import type { Command } from '@commander-js/extra-typings'
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import { openStoreForReading } from '#store/index.ts'
import { helpText } from '../help/text.ts'
import { json, type OptionsOf } from '../options/shared.ts'
import { print } from '../output/streams.ts'
import { declareRetention } from './retention/runs.ts'

const declareOptions = (command: Command) => command.addOption(json('the runs'))

/** Declare the command. */
export function declare(command: Command) {
  declareRetention(command)
  return declareOptions(command)
    .description('List the stored runs, the oldest first; pin or remove some.')
    .addHelpText(
      'after',
      helpText({
        examples: [
          ['all of them', 'kwitness runs'],
          ['keep one from being removed', 'kwitness runs pin 2026-01-31-1'],
          ['what a month of them takes', 'kwitness runs rm --older-than 30d --dry-run'],
        ],
      }),
    )
    .action(async (options) => {
      process.exitCode = await runs(options)
    })
}

/** List them and give the exit code. */
async function runs(options: OptionsOf<typeof declareOptions>): Promise<number> {
  const store = await openStoreForReading(findWorkspace().state)
  const all = (await store.listRuns()).map(({ id, startedAt, finishedAt, owner }) => ({ id, startedAt, finishedAt, owner }))
  store.close()
  if (all.length === 0) throw new UserError('no run is stored yet', 'kwitness run makes one')
  const state = (run: (typeof all)[number]): string =>
    run.finishedAt ? 'finished' : run.owner ? `process ${run.owner} is at it` : 'can be resumed'
  await print(
    options.json
      ? JSON.stringify(all, null, 2)
      : all.map((run) => `${run.id.padEnd(16)} ${run.startedAt}  ${state(run)}`).join('\n'),
    options.json,
  )
  return 0
}

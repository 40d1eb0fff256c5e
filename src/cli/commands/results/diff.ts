/** `kwitness diff`: two runs compared, result by result. */
import type { Command } from '@commander-js/extra-typings'
import { DIFF_RENDERERS, type DiffFormat } from '#render/diff/index.ts'
import { CHANGE_LABELS } from '#render/text/changes.ts'
import { REPORT_NAMES } from '#run/results/names.ts'
import { helpText } from '#cli/help/text.ts'
import * as shared from '#cli/options/shared.ts'
import { exitCodeOfDiff, readFailOn, CHANGE_WORDS } from '#cli/output/exit-code.ts'
import { compareReports, renderDiff } from '#cli/output/diff.ts'
import { writeOut } from '#cli/output/files.ts'
import { print } from '#cli/output/streams.ts'
import { loadCompared } from '#cli/output/named-report.ts'
import { withOneStore } from '#cli/output/stored-report.ts'

const FORMATS = Object.keys(DIFF_RENDERERS) as DiffFormat[]

function declareOptions(command: Command) {
  return command
    .addOption(shared.format(FORMATS))
    .addOption(shared.json('the comparison').conflicts('format'))
    .addOption(shared.out('file to write instead of standard output'))
    .addOption(shared.failOn)
}

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('[before]', `the older run: ${REPORT_NAMES}`, 'latest~1')
    .argument('[after]', 'the newer run', 'latest')
    .description(
      'Compare two runs, and show what changed: what a person must act on first. A kernel that is new is compared with the ' +
        'newest older one of its branch.',
    )
    .addHelpText('after', HELP)
    .action(async (before, after, options) => {
      process.exitCode = await diff(before, after, options)
    })
}

const HELP = helpText({
  terms: { 'What changed': Object.entries(CHANGE_LABELS).map(([word, { meaning }]) => [word, meaning] as const) },
  exits: { 0: 'nothing regressed', 1: 'something regressed, or changed as --fail-on names it' },
  examples: [
    ['what changed since the run before', 'kwitness diff'],
    ['since a run of last week, for a mail', 'kwitness diff 2026-01-31-1 latest --format markdown'],
    ['two report files, from other machines', 'kwitness diff old/report.json new/report.json'],
  ],
})

async function diff(before: string, after: string, options: shared.OptionsOf<typeof declareOptions>): Promise<number> {
  const failOn = readFailOn(options.failOn, CHANGE_WORDS)
  const format = options.json ? 'json' : (options.format ?? 'terminal')
  const found = await withOneStore(async () => compareReports(await loadCompared(before), await loadCompared(after)))
  const text = await renderDiff(found, format)
  if (options.out === undefined) await print(text, format !== 'terminal')
  else await writeOut(options.out, text)
  return exitCodeOfDiff(found, failOn)
}

/** `kwitness report`: a stored run, judged anew by today's rules. */
import type { Command } from '@commander-js/extra-typings'
import { UserError } from '#domain/errors.ts'
import { RENDERERS, type Format } from '#render/index.ts'
import { ANSWER_EXITS, helpText } from '../help/text.ts'
import * as shared from '../options/shared.ts'
import { CASE_WORDS, exitCodeOf, exitCodeOfSuite, readFailOn, SUITE_WORDS } from '../output/exit-code.ts'
import { renderReport, writeOut } from '../output/files.ts'
import { loadReport } from '../output/stored-report.ts'
import { renderSuite } from '../output/suite.ts'
import { print } from '../output/streams.ts'

/** The one that is the default first. */
const FORMATS = ['terminal', ...Object.keys(RENDERERS).filter((name) => name !== 'terminal')] as Format[]

function declareOptions(command: Command) {
  return command
    .addOption(shared.format(FORMATS))
    .addOption(shared.json('the report').conflicts('format'))
    .addOption(shared.out('file to write instead of standard output'))
    .addOption(shared.gitTree)
    .addOption(shared.failOn)
}

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('[run]', 'id of the run, as kwitness runs lists them (default: the newest)')
    .description("Show a stored run, judged anew from its evidence by today's rules.")
    .addHelpText('after', HELP)
    .action(async (run, options) => {
      process.exitCode = await report(run, options)
    })
}

const HELP = helpText({
  terms: { 'Words of --fail-on': CASE_WORDS, 'Words of --fail-on for a run of a suite': SUITE_WORDS },
  exits: ANSWER_EXITS,
  examples: [
    ['the newest run', 'kwitness report'],
    ['as one page for a browser', 'kwitness report --format html --out matrix.html'],
    ['another run, for a test harness', 'kwitness report 2026-01-31-1 --format ktap'],
    ['with claims from a git tree', 'kwitness report --git-tree linux'],
  ],
})

/** Render a stored run, the newest when none is named, and give the exit code. */
async function report(id: string | undefined, options: shared.OptionsOf<typeof declareOptions>): Promise<number> {
  const format = options.json ? 'json' : (options.format ?? 'terminal')
  const loaded = await loadReport(id, { history: options.gitTree })
  const ofSuite = loaded.kind === 'suite'
  const failOn = readFailOn(options.failOn, ofSuite ? SUITE_WORDS : undefined)
  const { run, cells } = loaded.report
  if (cells.length === 0) {
    throw new UserError(
      `run ${run.id} has no result: no kernel was asked yet`,
      'kwitness boundary --resume goes on with a search',
    )
  }
  const text = await (ofSuite ? renderSuite(loaded.report, format) : renderReport(loaded.report, format))
  if (options.out === undefined) await print(text, format !== 'terminal')
  else await writeOut(options.out, text)
  return ofSuite ? exitCodeOfSuite(loaded.report, failOn) : exitCodeOf(loaded.report, failOn)
}

/** `kwitness report`: a stored run, judged anew by today's rules. */
import { readFile } from 'node:fs/promises'
import type { Command } from '@commander-js/extra-typings'
import { UserError } from '#domain/errors.ts'
import type { RunDiff } from '#domain/report/diff.ts'
import type { Report } from '#domain/report/matrix.ts'
import { RENDERERS, type Format } from '#render/index.ts'
import { ANSWER_EXITS, helpText } from '#cli/help/text.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { REPORT_NAMES } from '#run/results/names.ts'
import * as shared from '#cli/options/shared.ts'
import { readAgain } from '#cli/options/values.ts'
import { CASE_WORDS, exitCodeOfCheck, exitCodeOfSuite, readFailOn, SUITE_WORDS } from '#cli/output/exit-code.ts'
import { compareReports } from '#cli/output/diff.ts'
import { renderReport, writeOut } from '#cli/output/files.ts'
import { loadCompared } from '#cli/output/named-report.ts'
import { tellSkipped } from '#cli/output/problems.ts'
import { loadReport } from '#cli/output/stored-report.ts'
import { print } from '#cli/output/streams.ts'

/** The one that is the default first. */
const FORMATS = ['terminal', ...Object.keys(RENDERERS).filter((name) => name !== 'terminal')] as Format[]

function declareOptions(command: Command) {
  return command
    .option('--import <file>', 'take in what kwitness-check printed on another machine; may be given again', readAgain)
    .addOption(shared.catalogue)
    .addOption(shared.format(FORMATS))
    .addOption(shared.json('the report').conflicts('format'))
    .addOption(shared.withLogs)
    .addOption(shared.out('file to write instead of standard output'))
    .addOption(shared.gitTree)
    .option('--baseline <run>', `mark on the page what changed since an earlier run: ${REPORT_NAMES}`)
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
    ['with what changed since the run before it', 'kwitness report --format html --baseline latest~1 --out matrix.html'],
    ['another run, for a test harness', 'kwitness report 2026-01-31-1 --format ktap'],
    ['what kwitness-check printed on two other machines', 'kwitness report --import db1.ktap --import db2.ktap'],
    ['with claims from a git tree', 'kwitness report --git-tree linux'],
  ],
})

/** Render a stored run, the newest when none is named, and give the exit code. */
async function report(named: string | undefined, options: shared.OptionsOf<typeof declareOptions>): Promise<number> {
  const id = options.import === undefined ? named : await importFiles(options.import, named, options.catalogue)
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
  const diff = ofSuite ? undefined : await comparedWith(options.baseline, loaded.report, format)
  const { withLogs } = options
  const text = await (ofSuite
    ? (await import('#cli/output/suite.ts')).renderSuite(loaded.report, format)
    : renderReport(loaded.report, format, { withLogs, diff }))
  if (options.out === undefined) await print(text, format !== 'terminal')
  else await writeOut(options.out, text)
  return ofSuite ? exitCodeOfSuite(loaded.report, failOn) : exitCodeOfCheck(loaded.report, failOn)
}

/** What changed since the run of this name. Throws UserError for a format that does not show it. */
async function comparedWith(name: string | undefined, of: Report, format: Format): Promise<RunDiff | undefined> {
  if (name === undefined) return undefined
  if (format === 'html') return compareReports(await loadCompared(name), of)
  throw new UserError(`--baseline is for --format html, not for ${format}`, `kwitness diff ${name} compares in other formats`)
}

/** Store the files as a run, and return its id. Throws UserError for a file that cannot be read, or together with a run. */
async function importFiles(paths: readonly string[], named: string | undefined, catalogue: string | undefined): Promise<string> {
  if (named !== undefined) throw new UserError('--import makes a run of its own', `leave out ${named}`)
  const files = await Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        throw new UserError(`${path} cannot be read: ${error.code}`)
      })
      return { path, bytes }
    }),
  )
  const { importStreams } = await import('#run/check/import.ts')
  const { store, record } = await importStreams(files, { catalogue, workspace: findWorkspace(), onSkipped: tellSkipped })
  store.close()
  console.error(`kwitness: stored as run ${record.id}`)
  return record.id
}

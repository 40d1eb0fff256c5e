/** `kwitness check`: the catalogue on machines that run, without a guest. */
import type { Command } from '@commander-js/extra-typings'
import { probeWorkspace } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { StoredCheck } from '#run/check/check.ts'
import { ANSWER_EXITS, helpText } from '../help/text.ts'
import * as shared from '../options/shared.ts'
import { DEFAULT_PARALLEL, namedMachines } from '../options/machines.ts'
import { readAgain, readCount } from '../options/values.ts'
import { CASE_WORDS, exitCodeOfCheck, INTERRUPTED, readFailOn } from '../output/exit-code.ts'
import { probeOut, renderReport, REPORTS_OUT, writeReport } from '../output/files.ts'
import { reportOfRun } from '../output/stored-report.ts'
import { doBoth, print } from '../output/streams.ts'
import { checkMachines } from '../terminal/machines.ts'

function declareOptions(command: Command) {
  return command
    .addOption(shared.cases)
    .addOption(shared.catalogue)
    .option('--host <name>', 'a machine that ssh reaches, user@host:port; may be given again (default: this machine)', readAgain)
    .option('--inventory <file>', 'machines: a list, a configuration of ssh, or an inventory of Ansible')
    .addOption(shared.sshConfig)
    .option('--parallel <n>', `machines asked at once (default: ${DEFAULT_PARALLEL})`, readCount)
    .addOption(shared.seed)
    .addOption(shared.allowDestructive)
    .addOption(shared.failOn)
    .addOption(shared.json('the report'))
    .addOption(shared.reportFolder)
    .addOption(shared.verbose)
}

type CheckOptions = shared.OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .description(
      'Run the reproducers on the kernel of this machine, or of others by ssh, in seconds, and report what it carries.',
    )
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await check(options)
    })
}

const HELP = helpText({
  remarks: [
    'Each case runs in a process of its own with limits on time, memory and processes, as you: what needs root says so.',
    'Nothing is left behind. Cases that may crash or hang an affected kernel need --allow-destructive; no module is loaded.',
    'ssh asks about an unknown host key on a terminal; elsewhere, and in CI, it is refused, and a changed one always is.',
  ],
  terms: { 'Words of --fail-on': CASE_WORDS },
  exits: ANSWER_EXITS,
  examples: [
    ['which fixes does the kernel of this machine carry?', 'sudo kwitness check'],
    ['some of them, as JSON', "kwitness check --cases 'memfd-*' --json"],
    ['three machines', 'kwitness check --host db1 --host admin@db2:2222 --host db3'],
    ['many', 'kwitness check --inventory hosts.txt --fail-on lacks'],
    ['the same program for machines without kwitness', 'kwitness cases build --all --out kwitness-check'],
  ],
})

/** Check, print and write the report, and give the exit code. */
async function check(options: CheckOptions): Promise<number> {
  const failOn = readFailOn(options.failOn)
  await probeWorkspace(findWorkspace())
  await probeOut(options.out ?? REPORTS_OUT)
  const checked = await checkMachines(await namedMachines(options.host, options.inventory), options)
  if (checked === null) return INTERRUPTED
  try {
    return await conclude(checked, options, failOn)
  } finally {
    checked.store.close()
  }
}

/** Show the report of a stored check, leave its files, and give the exit code. */
export async function conclude(
  { store, record }: StoredCheck,
  { json, out }: Pick<CheckOptions, 'json' | 'out'>,
  failOn: readonly string[],
): Promise<number> {
  const report = await reportOfRun(store, record)
  const page = await doBoth(writeReport(report, out), print(await renderReport(report, json ? 'json' : 'terminal'), json))
  console.error(`kwitness: report: ${page}`)
  return exitCodeOfCheck(report, failOn)
}

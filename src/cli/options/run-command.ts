/** The options of `kwitness run`. */
import { Option, type Command } from '@commander-js/extra-typings'
import { REPORT_NAMES } from '#run/results/names.ts'
import * as shared from './shared.ts'

const ofSuite = new Option(
  '--suite <name>',
  'tests that others wrote, instead of cases: kselftest:mm; --cases names its programs',
)
  .conflicts(['catalogue', 'raceSeconds', 'maxMissProbability'])
  .helpGroup('What to test:')

const baseline = new Option(
  '--baseline <run>',
  `compare with an earlier run, and exit 1 only for regressions and new contradictions of case.json: ${REPORT_NAMES}`,
)
  .conflicts(['suite'])
  .helpGroup('Results:')

/** Add them to the command. */
export function declareRunOptions(command: Command) {
  const what = command
    .addOption(shared.kernels)
    .addOption(shared.cases)
    .addOption(shared.catalogue)
    .addOption(ofSuite)
    .addOption(shared.tree('the kernel source that a suite is built from: a folder, a tarball, PATH@REV or debian-6.12'))
    .addOption(shared.resume('run', ['accel']))
  return shared
    .machineOptions(
      shared
        .certaintyOptions(what)
        .addOption(shared.rerun)
        .addOption(shared.snapshot)
        .addOption(shared.fork)
        .addOption(shared.userland)
        .addOption(shared.interleavings),
    )
    .addOption(shared.sshConfig)
    .addOption(shared.dryRun)
    .addOption(shared.gitTree)
    .addOption(shared.failOn)
    .addOption(baseline)
    .addOption(shared.json('the report (with --dry-run: the plan)'))
    .addOption(shared.withLogs)
    .addOption(shared.reportFolder)
    .addOption(shared.timings)
}

export type RunOptions = shared.OptionsOf<typeof declareRunOptions>

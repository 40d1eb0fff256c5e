/** `kwitness check`: the catalogue on machines that run, without a guest. */
import type { Command } from '@commander-js/extra-typings'
import type { Target } from '#harness/check/ask.ts'
import { parseHost, readInventory, type NamedHost } from '#harness/check/inventory.ts'
import { remoteTarget } from '#harness/check/remote.ts'
import { runningTarget } from '#harness/check/running.ts'
import type { Program } from '#harness/image/program.ts'
import { writeSshConfig, type SshConfig } from '#harness/transport/command/ssh.ts'
import { probeWorkspace } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { checkHosts, type CheckRequest, type StoredCheck } from '#run/check/check.ts'
import { UserError } from '#domain/errors.ts'
import { ANSWER_EXITS, helpText } from '../help/text.ts'
import * as shared from '../options/shared.ts'
import { given, readAgain, readCount } from '../options/values.ts'
import { CASE_WORDS, exitCodeOfCheck, INTERRUPTED, readFailOn } from '../output/exit-code.ts'
import { probeOut, renderReport, REPORTS_OUT, writeReport } from '../output/files.ts'
import { createProgress } from '../output/progress.ts'
import { reportOfRun } from '../output/stored-report.ts'
import { doBoth, print } from '../output/streams.ts'
import { createKernelContext } from '../terminal/kernel-context.ts'
import { untilSignal } from '../terminal/signals.ts'

/** Machines asked at once: each takes a core here only while it connects. */
const DEFAULT_PARALLEL = 16

function declareOptions(command: Command) {
  return command
    .addOption(shared.cases)
    .addOption(shared.catalogue)
    .option('--host <name>', 'a machine that ssh reaches, user@host:port; may be given again (default: this machine)', readAgain)
    .option('--inventory <file>', 'machines: a list, a configuration of ssh, or an inventory of Ansible')
    .option('--ssh-config <file>', 'configuration of ssh instead of that of the user and the system')
    .option('--parallel <n>', `machines asked at once (default: ${DEFAULT_PARALLEL})`, readCount)
    .addOption(shared.seed)
    .addOption(shared.allowDestructive)
    .addOption(shared.failOn)
    .addOption(shared.json('the report'))
    .addOption(shared.reportFolder)
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

/** The machines that the options name; none for this machine. Throws UserError for one that is named twice. */
async function namedHosts({ host: names = [], inventory }: CheckOptions): Promise<NamedHost[]> {
  const hosts = [...names.map(parseHost), ...(inventory === undefined ? [] : await readInventory(inventory))]
  const twice = hosts.find(({ name }, at) => hosts.findIndex((other) => other.name === name) < at)
  if (twice) throw new UserError(`${twice.name} is named twice`, 'name each machine once')
  return hosts
}

function targetsOf(hosts: readonly NamedHost[], program: Program, config: SshConfig | null): Target[] {
  if (config === null) return [runningTarget(program)]
  return hosts.map(({ name, address }) => remoteTarget(name, address, program, config))
}

function requestOf(options: CheckOptions, hosts: readonly NamedHost[], config: SshConfig | null): CheckRequest {
  const { cases = ['all'], catalogue, seed, allowDestructive, parallel = DEFAULT_PARALLEL } = options
  return {
    cases,
    allowDestructive: allowDestructive === true,
    parallel,
    targets: async (program) => targetsOf(hosts, program, config),
    ...given({ catalogue, seed }),
  }
}

/** Check, print and write the report, and give the exit code. */
async function check(options: CheckOptions): Promise<number> {
  const failOn = readFailOn(options.failOn)
  await probeWorkspace(findWorkspace())
  await probeOut(options.out ?? REPORTS_OUT)
  const hosts = await namedHosts(options)
  const config = hosts.length > 0 ? await writeSshConfig(options.sshConfig) : null
  const progress = createProgress(process.stderr, () => performance.now())
  const found: { check: StoredCheck | null } = { check: null }
  try {
    const finished = await untilSignal(async (signal) => {
      const context = createKernelContext({}, progress, signal)
      found.check = await checkHosts(requestOf(options, hosts, config), context, progress.onEvent)
    })
    progress.end()
    if (!finished || found.check === null) return INTERRUPTED
    return await conclude(found.check, options, failOn)
  } finally {
    progress.end()
    found.check?.store.close()
    await config?.remove()
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

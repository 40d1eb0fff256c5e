/** The command line: each command is loaded when it is asked for, so that the first word comes at once. */
import { Command } from 'commander'
import packageJson from '#package.json' with { type: 'json' }
import { diskError } from '#harness/support/workspace.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import { BISECT_HELP, BISECT_OPTIONS, CONFIG, STEP_HELP, STEP_OPTIONS } from './options/bisect.ts'
import type { BisectOptions } from './options/bisect-request.ts'
import type { BisectStepOptions } from './commands/bisect-step.ts'
import type { BoundaryOptions } from './commands/boundary.ts'
import type { ControlsOptions } from './options/controls.ts'
import { BOUNDARY_HELP, CONTROLS_HELP, KWITNESS_HELP, REPLAY_HELP, REPORT_HELP, RUN_HELP } from './options/help.ts'
import type { KernelOptions } from './commands/kernels.ts'
import type { ReportOptions } from './commands/report.ts'
import type { ReplayOptions } from './commands/replay.ts'
import { SHARED } from './options/shared.ts'
import type { VerifyOptions } from './commands/verify.ts'
import { VERIFY_HELP, VERIFY_OPTIONS } from './options/verify.ts'
import type { RunOptions } from './options/run.ts'

const program = new Command('kwitness')
  .description('Which kernels carry which fix, answered by experiment')
  .version(packageJson.version)
  .showHelpAfterError('(kwitness --help lists the commands)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .addHelpText('after', KWITNESS_HELP)

const words = (text: string, before: string[] = []): string[] => [...before, ...text.split(',').filter((word) => word !== '')]
/** A selector may hold commas of its own (`debian:>=6.1,<6.2`), so --kernels is given again for each. */
const again = (text: string, before: string[] = []): string[] => [...before, text]

program
  .command('run')
  .description('plan, boot, run, judge, report')
  .option(
    '--kernels <selector>',
    "which kernels: debian:6.1.*, 'debian:>=6.12.85', a set, an id, file:PATH; may be given again (default: the set `default`)",
    again,
  )
  .option('--cases <ids>', 'case ids or globs, separated by commas (default: all)', words)
  .option(
    '--fail-on <words>',
    'exit 1 for these verdicts or findings too: lacks, unproven, carried-unclaimed ...; of a suite: regression, fail ...',
  )
  .option('--resume [run]', 'go on with an interrupted run, the newest when none is named')
  .option('--dry-run', 'show the plan and stop')
  .option('--json', 'the report as JSON on standard output (with --dry-run: the plan)')
  .option(...SHARED.out)
  .option(...SHARED.accel)
  .option(...SHARED.cores)
  .option(...SHARED.jobs)
  .option(...SHARED.timings)
  .option(...SHARED.seed)
  .option(...SHARED.bound)
  .option('--race-seconds <s>', 'guest seconds for each race on each kernel (default: 30); what some leave goes to the others')
  .option(...SHARED.freshBoot)
  .option(...SHARED.noFork)
  .option(...SHARED.catalogue)
  .option('--history <folder>', 'ask this git tree too: its tags such as v6.1.192, and what its commits say')
  .option('--suite <name>', 'instead of cases, tests that others wrote: kselftest:mm; --cases then chooses its programs')
  .option('--tree <tree>', 'the kernel tree that the suite is built from: a folder, a tarball, PATH@REV or debian-6.12')
  .option(...SHARED.mirror)
  .addHelpText('after', RUN_HELP)
  .action(async (options: RunOptions) => {
    const { run } = await import('./commands/run.ts')
    process.exitCode = await run(options)
  })

program
  .command('boundary')
  .description('where a fix came or went in each series, by a search that boots few kernels')
  .option('--case <ids>', 'case ids or globs, separated by commas', words)
  .option('--series <series>', 'only these, such as 6.1.y, separated by commas (default: every series)', words)
  .option('--kernels <selector>', 'search these; may be given again (default: every Debian cloud kernel)', again)
  .option('--fail-on <words>', 'exit 1 for these verdicts or findings too')
  .option('--resume [run]', 'go on with an interrupted search, the newest when none is named')
  .option('--json', 'what was found as JSON on standard output')
  .option(...SHARED.out)
  .option(...SHARED.accel)
  .option(...SHARED.cores)
  .option(...SHARED.jobs)
  .option(...SHARED.timings)
  .option(...SHARED.seed)
  .option(...SHARED.bound)
  .option('--race-seconds <s>', 'guest seconds for each race on each kernel (default: 30)')
  .option(...SHARED.freshBoot)
  .option(...SHARED.noFork)
  .option(...SHARED.catalogue)
  .option(...SHARED.mirror)
  .addHelpText('after', BOUNDARY_HELP)
  .action(async (options: BoundaryOptions) => {
    const { boundary } = await import('./commands/boundary.ts')
    process.exitCode = await boundary(options)
  })

program
  .command('controls')
  .description('build the kernels whose answer is known, and hold each against its case and its base')
  .option('--line <line>', 'controls of this line alone, such as 5.10; may be given again (default: all)', words)
  .option('--fix <hash>', 'controls of this fix alone; may be given again (default: all)', words)
  .option('--cases <ids>', 'case ids or globs, separated by commas (default: all)', words)
  .option('--resume [run]', 'go on with an interrupted run, the newest of controls when none is named')
  .option(...SHARED.freshBoot)
  .option(...SHARED.noFork)
  .option('--sweep', 'instead: which guests, and which delays, come to a hit of a race soonest')
  .option('--dry-run', 'show what would be built and asked, and stop')
  .option('--json', 'the square and the rates as JSON on standard output')
  .option('--out <folder>', 'where to leave the report and the square (default: reports/out/RUN)')
  .option(...SHARED.cores)
  .option(...SHARED.jobs)
  .option(...SHARED.timings)
  .option(...SHARED.mirror)
  .addHelpText('after', CONTROLS_HELP)
  .action(async (options: ControlsOptions) => {
    const { controls } = await import('./commands/controls.ts')
    process.exitCode = await controls(options)
  })

const verifying = program
  .command('verify')
  .description('a patch on one or more bases: does it apply, build, fix its case, and leave all others as they are')
for (const [flags, says, kind] of VERIFY_OPTIONS) {
  if (kind === undefined) verifying.option(flags, says)
  else verifying.option(flags, says, { words, again }[kind])
}
verifying.addHelpText('after', VERIFY_HELP).action(async (options: VerifyOptions) => {
  const { verify } = await import('./commands/verify.ts')
  process.exitCode = await verify(options)
})

program
  .command('report')
  .description('a stored run again, the newest when none is named')
  .argument('[run]', 'its id, as kwitness runs lists them')
  .option('--format <name>', 'terminal, html, json, ktap or bcd (default: terminal)')
  .option('--out <file>', 'write it there instead of to standard output')
  .option('--json', 'the same as --format json')
  .option('--fail-on <words>', 'exit 1 for these verdicts or findings too')
  .option('--history <folder>', 'ask this git tree which kernels have the fixes, instead of what was kept with the run')
  .addHelpText('after', REPORT_HELP)
  .action(async (run: string | undefined, options: ReportOptions) => {
    const { report } = await import('./commands/report.ts')
    process.exitCode = await report(run, options)
  })

program
  .command('runs')
  .description('the stored runs')
  .option('--json', 'as JSON')
  .action(async (options: { json?: true }) => {
    const { runs } = await import('./commands/report.ts')
    process.exitCode = await runs(options)
  })

program
  .command('why')
  .description('the evidence behind a cell, line by line')
  .argument('<cell>', 'KERNEL/CASE; the kernel by id or by version')
  .option('--run <id>', 'in this run instead of the newest')
  .option('--json', 'as JSON')
  .addHelpText('after', '\nExample:\n  kwitness why 5.10.262/uffd-mmap-changing-atomic')
  .action(async (cell: string, options: { run?: string; json?: true }) => {
    const { why } = await import('./commands/report.ts')
    process.exitCode = await why(cell, options)
  })

program
  .command('replay')
  .description('a stored attempt once more: the same job, seed and saved guest; both side by side')
  .argument('<cell>', 'KERNEL/CASE; the kernel by id or by version')
  .option('--run <id>', 'of this run instead of the newest')
  .option('--attempt <n>', 'this attempt of the cell (default: the first that reproduced, else the last)')
  .option('--json', 'as JSON')
  .option('--out <folder>', 'where to leave its evidence and logs (default: reports/out/replay-RUN-ATTEMPT)')
  .option(...SHARED.mirror)
  .addHelpText('after', REPLAY_HELP)
  .action(async (cell: string, options: ReplayOptions) => {
    const { replay } = await import('./commands/replay.ts')
    process.exitCode = await replay(cell, options)
  })

const bisect = program
  .command('bisect')
  .description('which commit brought the bug, or its fix')
  .argument('[paths...]', 'behind --: only commits that touch these')
  .addHelpText('after', BISECT_HELP)
  .action(async (paths: string[], options: BisectOptions) => {
    const { bisectCommand } = await import('./commands/bisect.ts')
    process.exitCode = await bisectCommand(paths, options)
  })
for (const row of BISECT_OPTIONS) bisect.option(...row)
bisect.option('--config <fragment>', CONFIG, again)

const step = program
  .command('bisect-step')
  .description('one commit, for git bisect run')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 129))
  .requiredOption('--case <id>', 'the case that tells old from new')
  .addHelpText('after', STEP_HELP)
  .action(async (options: BisectStepOptions) => {
    const { bisectStep } = await import('./commands/bisect-step.ts')
    process.exitCode = await bisectStep(options)
  })
for (const row of STEP_OPTIONS) step.option(...row)
step.option('--config <fragment>', CONFIG, again)

const kernels = program.command('kernels').description('list kernels, or bring them into the cache')
kernels
  .command('list', { isDefault: true })
  .description('every kernel that can be had, what is cached, its size')
  .argument('[selector]', "such as 'debian:6.1.*' or 'debian:*/amd64' (default: all)")
  .option('--refresh', 'ask the mirror again')
  .option(...SHARED.mirror)
  .option('--json', 'as JSON')
  .action(async (selector: string | undefined, options: KernelOptions) => {
    const { listCommand } = await import('./commands/kernels.ts')
    process.exitCode = await listCommand(selector, options)
  })
kernels
  .command('pull')
  .description('fetch kernels ahead of a run')
  .argument('<selector...>')
  .option(...SHARED.mirror)
  .action(async (selectors: string[], options: KernelOptions) => {
    const { pullCommand } = await import('./commands/kernels.ts')
    process.exitCode = await pullCommand(selectors, options)
  })

const cases = program.command('cases').description('list and show cases, or make a new one')
cases
  .command('list', { isDefault: true })
  .description('the catalogue')
  .option('--json', 'as JSON')
  .action(async (options: { json?: true }) => {
    const { listCases } = await import('./commands/cases.ts')
    process.exitCode = await listCases(options)
  })
cases
  .command('show')
  .description('one case, or those a glob matches')
  .argument('<id>')
  .option('--json', 'as JSON')
  .action(async (id: string, options: { json?: true }) => {
    const { showCase } = await import('./commands/cases.ts')
    process.exitCode = await showCase(id, options)
  })
cases
  .command('new')
  .description('a new case from the template; it builds and runs as it is')
  .argument('<id>', 'its id: the folder in c-tests/')
  .action(async (id: string) => {
    const { newCase } = await import('./commands/cases.ts')
    process.exitCode = await newCase(id)
  })

program
  .command('doctor')
  .description('what this machine has, what is missing, the command that installs it')
  .option('--json', 'as JSON')
  .action(async (options: { json?: true }) => {
    const { doctor } = await import('./commands/doctor.ts')
    process.exitCode = await doctor(options)
  })

try {
  await program.parseAsync()
} catch (error) {
  const known = error instanceof UserError || error instanceof InfraError ? error : diskError(error, 'cannot go on')
  if (known === null) throw error
  console.error(`kwitness: ${known.message}${known.hint ? `\n  ${known.hint}` : ''}`)
  process.exitCode = known instanceof UserError ? 2 : 3
}

/** Options that mean the same on every command: each is declared here once, with the type of its value. */
import { Option, type Command, type OptionValues } from '@commander-js/extra-typings'
import {
  readAgain,
  readCases,
  readCount,
  readDuration,
  readKeep,
  readMissProbability,
  readRerun,
  readSeconds,
  readSeed,
  readSelectors,
  readSeriesNames,
  readSize,
  readUserland,
} from './values.ts'

/** The values of the options that a function adds to a command. */
export type OptionsOf<Declare extends (command: Command) => { readonly opts: () => unknown }> = ReturnType<
  ReturnType<Declare>['opts']
>

/** Headings of a command's help. */
const WHAT = 'What to test:'
const HOW = 'How to test:'
const MACHINE = 'Machine:'
const RESULTS = 'Results:'

export const kernels = new Option(
  '--kernels <selectors>',
  'kernel selectors, separated by commas; may be given again (see kwitness help selectors)',
)
  .argParser(readSelectors)
  .helpGroup(WHAT)

export const cases = new Option('--cases <ids>', 'case ids or globs, separated by commas; may be given again')
  .argParser(readCases)
  .helpGroup(WHAT)

export const series = new Option('--series <series>', 'only these series, such as 6.1.y, separated by commas')
  .argParser(readSeriesNames)
  .helpGroup(WHAT)

export const catalogue = new Option('--catalogue <folder>', 'take the cases from this folder').helpGroup(WHAT)

/** The kernel source that a command works on. */
export const tree = (meaning: string) => new Option('--tree <source>', meaning).helpGroup(WHAT)

export const config = new Option(
  '--config <file>',
  'fragment of a kernel configuration to build with on top of the base, or the name of one, such as kasan; may be given again',
)
  .argParser(readAgain)
  .helpGroup(WHAT)

/** Options whose values are stored with what is resumed, under the names that commander gives them. */
const STORED =
  'kernels cases series fix catalogue suite tree config base patch target each old new fromBoundary run replay termOld termNew ' +
  'firstParent seed raceSeconds maxMissProbability snapshot fork userland dryRun interleavings rerun sshConfig'

/** Go on with what was interrupted. What is stored with it cannot be given again; `more` names what else is stored. */
export const resume = (what: string, more: readonly string[] = []) =>
  new Option('--resume [id]', `go on with an interrupted ${what}, the newest when none is named`)
    .conflicts([...STORED.split(' '), ...more])
    .helpGroup(WHAT)

export const dryRun = new Option('--dry-run', 'show the plan and stop').helpGroup(HOW)

export const allowDestructive = new Option('--allow-destructive', 'run also what may crash or hang an affected kernel').helpGroup(
  HOW,
)

export const snapshot = new Option('--no-snapshot', 'boot a guest for every attempt instead of restoring a snapshot').helpGroup(
  HOW,
)

export const rerun = new Option(
  '--rerun <words>',
  'what to run although its answer is known: all, inconclusive, failed, sample=5%, oldest=20 (listed below; default: changed)',
)
  .argParser(readRerun)
  .helpGroup(HOW)

export const fork = new Option('--no-fork', 'restore a guest for every attempt instead of forking one').helpGroup(HOW)

export const userland = new Option(
  '--userland <name>',
  'boot guests with a disk and an sshd, and run the cases by ssh: debian, debian:SUITE, or image:PATH (default: the agent alone)',
)
  .argParser(readUserland)
  .conflicts(['suite'])
  .helpGroup(HOW)

export const sshConfig = new Option(
  '--ssh-config <file>',
  'configuration of ssh instead of that of the user and the system, for machines that ssh reaches',
).helpGroup(MACHINE)

export const seed = new Option('--seed <n>', 'seed of all that is random (default: drawn)').argParser(readSeed).helpGroup(HOW)

const accel = new Option('--accel <name>', 'accelerator of the guests, kvm or tcg (default: the one that a guest proved here)')
  .choices(['kvm', 'tcg'])
  .helpGroup(MACHINE)

const maxMissProbability = new Option(
  '--max-miss-probability <p>',
  'the highest miss probability of a race that counts as fixed (default: 1e-6)',
)
  .argParser(readMissProbability)
  .helpGroup(HOW)

const raceSeconds = new Option('--race-seconds <s>', 'guest seconds for each race on each kernel (default: 30)')
  .argParser(readSeconds)
  .helpGroup(HOW)

const cores = new Option('--cores <n>', 'vCPUs that run side by side (default: the cores of this machine)')
  .argParser(readCount)
  .helpGroup(MACHINE)

const jobs = new Option('--jobs <n>', 'make jobs when a kernel is built (default: the cores of this machine)')
  .argParser(readCount)
  .helpGroup(MACHINE)

export const interleavings = new Option(
  '--no-interleavings',
  'try races that have a window by chance, held against the rate of a control kernel, instead of by every interleaving of it',
).helpGroup(HOW)

export const mirror = new Option('--mirror <url>', 'Debian mirror (default: those of the apt configuration)').helpGroup(MACHINE)

export const timings = new Option(
  '--timings',
  'show where the time went, and write trace.json beside the report, for Perfetto or Chrome',
).helpGroup(RESULTS)

export const gitTree = new Option(
  '--git-tree <folder>',
  'a git tree of Linux, as a further source of claims: its release tags, and what its commits say',
).helpGroup(RESULTS)

export const failOn = new Option('--fail-on <words>', 'exit 1 for these words too, separated by commas (listed below)').helpGroup(
  RESULTS,
)

export const run = new Option('--run <id>', 'a stored run, as kwitness runs lists them (default: the newest)')

/** The run that explain and replay look in. */
export const resultRun = new Option('--run <id>', 'look in this run alone (default: the newest that holds the result)')

/** Help of the argument that names a result. */
export const RESULT = 'KERNEL/CASE, or an evidence id'

/** How a result may be named. */
export const RESULT_NAMES = `A result is named as tables, reports and other commands print it: KERNEL/CASE, the kernel by its id,
    version, build or label, the case by its id or the number of its column; or the evidence id of an attempt. The beginning of an
    id will do where it is unique.`

export const json = (what: string) => new Option('--json', `${what} as JSON on standard output`).helpGroup(RESULTS)

export const withLogs = new Option('--with-logs', 'put the logs of all attempts into the JSON, each once').helpGroup(RESULTS)

export const out = (meaning: string) => new Option('--out <path>', meaning).helpGroup(RESULTS)

/** What is printed: the first of the formats where none is named. */
export const format = <const F extends readonly string[]>(formats: F) =>
  new Option('--format <name>', `what to print: ${formats.join(', ')} (default: ${formats[0]})`)
    .choices(formats)
    .helpGroup(RESULTS)

/** Where the report of a run goes. */
export const reportFolder = out('folder for the report (default: reports/out/RUN)')

/** Options that decide how sure an answer is, and whether it can be repeated. */
export function certaintyOptions<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command.addOption(seed).addOption(raceSeconds).addOption(maxMissProbability)
}

/** Of every command that boots guests, builds kernels or asks machines in use. */
export const verbose = new Option(
  '--verbose',
  'print each phase as it ends, and what guests, machines and make print as it comes, on standard error',
).helpGroup(RESULTS)

/** Options that bound what a command takes of this machine, and how much of it is shown. */
export function machineOptions<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command.addOption(accel).addOption(cores).addOption(jobs).addOption(mirror).addOption(verbose)
}

/** Options that say what goes, by age, number and size. */
export function retentionOptions<A extends unknown[], O extends OptionValues>(command: Command<A, O>, what: string) {
  return command
    .addOption(new Option('--older-than <age>', `${what} not used for so long go, such as 30d`).argParser(readDuration))
    .addOption(new Option('--keep <n>', `the newest n stay, whatever else is said; alone, all others go`).argParser(readKeep))
    .addOption(
      new Option('--max-size <size>', `the oldest go until the others take at most this, such as 5G`).argParser(readSize),
    )
    .addOption(new Option('--dry-run', 'show what would go, and remove nothing'))
}

/** Options of every command that executes a run. */
export type SessionOptions = OptionsOf<typeof machineOptions<[], {}>> & {
  readonly timings?: true
  readonly gitTree?: string
  readonly out?: string
  readonly resume?: string | true
  readonly dryRun?: true
}

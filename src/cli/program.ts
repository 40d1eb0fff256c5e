/** The commands by what they are for. Only the one that was asked for is loaded, so that the first word comes at once. */
import { Command } from '@commander-js/extra-typings'
import packageJson from '#package.json' with { type: 'json' }
import { helpText } from './help/text.ts'
import { refuseBlankValues } from './options/values.ts'

interface Listed {
  readonly name: string
  readonly alias?: string
  /** One line of `kwitness --help`. */
  readonly summary: string
  readonly load: () => Promise<{ readonly declare: (command: Command) => unknown }>
}

/** Headings of `kwitness --help`, each with its commands. */
export const COMMANDS: Readonly<Record<string, readonly Listed[]>> = {
  Test: [
    {
      name: 'run',
      summary: 'test every chosen kernel with every chosen case, and report the matrix',
      load: () => import('./commands/run.ts'),
    },
    {
      name: 'boundary',
      summary: 'find where a fix came or went in each series, by booting few kernels',
      load: () => import('./commands/boundary.ts'),
    },
    {
      name: 'verify',
      summary: 'test a patch: does it apply, build, fix its case, and change no other',
      load: () => import('./commands/verify.ts'),
    },
    {
      name: 'bisect',
      summary: 'find the commit that brought a bug, or its fix',
      load: () => import('./commands/bisect/bisect.ts'),
    },
    {
      name: 'check',
      summary: 'test the kernel of a machine that runs, without a guest',
      load: () => import('./commands/check.ts'),
    },
    { name: 'bisect-step', summary: 'test one commit, for git bisect run', load: () => import('./commands/bisect/step.ts') },
    {
      name: 'nightly',
      summary: 'run within a budget, compare with the night before, and send word of what changed',
      load: () => import('./commands/nightly.ts'),
    },
  ],
  Results: [
    {
      name: 'report',
      summary: 'show a stored run in one of several formats',
      load: () => import('./commands/results/report.ts'),
    },
    {
      name: 'diff',
      summary: 'compare two runs: what regressed, what is fixed',
      load: () => import('./commands/results/diff.ts'),
    },
    {
      name: 'gaps',
      summary: 'show what the newest kernel of each supported series lacks',
      load: () => import('./commands/results/gaps.ts'),
    },
    {
      name: 'read',
      summary: 'read any console log or test output: results and kernel reports',
      load: () => import('./commands/read.ts'),
    },
    { name: 'runs', summary: 'list the stored runs', load: () => import('./commands/results/runs.ts') },
    {
      name: 'serve',
      summary: 'show stored runs in a browser, and follow one that is under way',
      load: () => import('./commands/results/serve.ts'),
    },
    {
      name: 'explain',
      alias: 'why',
      summary: 'show the evidence behind a result, line by line',
      load: () => import('./commands/results/explain.ts'),
    },
    {
      name: 'replay',
      summary: 'make a stored attempt again and show both side by side',
      load: () => import('./commands/results/replay.ts'),
    },
  ],
  Inputs: [
    {
      name: 'shell',
      summary: 'open a shell in a guest, with the programs of cases in it',
      load: () => import('./commands/shell.ts'),
    },
    { name: 'kernels', summary: 'list kernels, or fetch them into the cache', load: () => import('./commands/kernels.ts') },
    { name: 'cases', summary: 'list, show and check cases, or make a new one', load: () => import('./commands/cases/cases.ts') },
  ],
  Setup: [
    {
      name: 'doctor',
      summary: 'show what this machine has, and what to install',
      load: () => import('./commands/doctor.ts'),
    },
    {
      name: 'cache',
      summary: 'show what the cache holds, or remove what is old or too much',
      load: () => import('./commands/retention/cache.ts'),
    },
    {
      name: 'controls',
      summary: 'build and measure the kernels whose answer is known',
      load: () => import('./commands/controls/controls.ts'),
    },
    {
      name: 'help',
      summary: 'show the help of a command; "help selectors" shows how to name kernels',
      load: () => import('./help/help.ts'),
    },
  ],
}

const HELP = helpText({
  exits: {
    0: 'the question was answered and nothing contradicts what was expected',
    1: 'findings',
    4: 'verify: the patch is already applied; the help of each command lists all of its own',
  },
  examples: [
    ['the default set of kernels, every case', 'kwitness run'],
    ['one series, some cases', "kwitness run --kernels 'debian:6.1.*' --cases 'uffd-*'"],
    ['the evidence behind one result', 'kwitness explain 5.10.262/uffd-mmap-changing-atomic'],
    ['does a patch fix its case, and change no other?', 'kwitness verify --tree debian-5.10 --patch my.patch'],
    ['the options and examples of a command', 'kwitness help run'],
    ['how to name kernels', 'kwitness help selectors'],
  ],
})

/** The words of a command line that name commands: of `help bisect`, both. */
function commandWords(words: readonly string[]): string[] {
  const [first, ...more] = words.filter((word) => !word.startsWith('-'))
  return first === undefined ? [] : first === 'help' ? [first, ...more.slice(0, 1)] : [first]
}

/**
 * The command line, with the options of the commands that these words name. It throws CommanderError where commander would exit,
 * and what a command throws.
 */
export async function createProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('kwitness')
    .description('Which kernels carry which fix, answered by experiment.')
    .version(packageJson.version)
    .helpCommand(false)
    .enablePositionalOptions()
    .configureHelp({ optionDescription: ({ description }) => description })
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'kwitness: ')) })
    .showHelpAfterError('  kwitness --help lists the commands')
    .addHelpText('after', HELP)
  const named = commandWords(words)
  for (const [group, listed] of Object.entries(COMMANDS)) {
    for (const { name, alias, summary, load } of listed) {
      const command = program.command(name).summary(summary).helpGroup(`${group}:`)
      command.showHelpAfterError(`  kwitness help ${name} shows what it takes`)
      if (alias !== undefined) command.alias(alias)
      if (named.includes(name) || (alias !== undefined && named.includes(alias))) (await load()).declare(command)
      refuseBlankValues(command)
    }
  }
  return program
}

/** The command line as a whole: its commands, the names of their options, and how a wrong word is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { COMMANDS, createProgram } from '#cli/program.ts'

const NAMES = Object.values(COMMANDS)
  .flat()
  .map(({ name }) => name)

/** Every command with its options, by its words: `kernels pull`. */
async function declaredCommands(): Promise<ReadonlyMap<string, CommandUnknownOpts>> {
  const found = new Map<string, CommandUnknownOpts>()
  const add = (words: string, command: CommandUnknownOpts): void => {
    found.set(words, command)
    for (const one of command.commands) add(`${words} ${one.name()}`, one)
  }
  for (const name of NAMES) {
    const command = (await createProgram([name])).commands.find((one) => one.name() === name)
    assert.ok(command)
    add(name, command)
  }
  return found
}

const commands = await declaredCommands()
/** Columns of a terminal that nobody made wider. */
const WIDTH = 80
const helpOf = (command: CommandUnknownOpts): string => {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => WIDTH }).outputHelp()
  return text
}

test('every command says what it does, and shows examples that begin with its words', () => {
  for (const [words, command] of commands) {
    if (words === 'help') continue
    const [name = ''] = words.split(' ')
    assert.match(command.description(), /^[A-Z].*\.$/, words)
    const help = helpOf(command)
    assert.match(help, new RegExp(`Examples:\n(?:  .*\n)*  .*kwitness ${name}\\b`), words)
    for (const line of help.split('\n')) assert.ok(line.length <= WIDTH, `${words}: ${line}`)
  }
})

test('an option has the same argument, and as many values, on every command', () => {
  const seen = new Map<string, Map<string, string[]>>()
  for (const [words, command] of commands) {
    for (const { long, flags } of command.options) {
      const shapes = seen.get(long ?? '') ?? new Map<string, string[]>()
      shapes.set(flags, [...(shapes.get(flags) ?? []), words])
      seen.set(long ?? '', shapes)
    }
  }
  assert.deepEqual(
    [...seen.values()].filter((shapes) => shapes.size > 1).map((shapes) => Object.fromEntries(shapes)),
    [],
  )
})

test('names that another option replaced are unknown', () => {
  const replaced = ['--case', '--line', '--history', '--bound', '--fresh-boot']
  for (const [words, command] of commands) {
    for (const { long } of command.options) assert.ok(!replaced.includes(long ?? ''), `${words} ${long}`)
  }
})

/** They boot nothing, build no kernel and ask no machine in use, so there is nothing to stream. */
const QUIET =
  'report,diff,gaps,read,runs,runs rm,runs pin,runs unpin,serve,explain,kernels,kernels list,' +
  'cases,cases list,cases show,cases new,cases build,doctor,cache,cache show,cache prune,help'

test('every command that boots guests, builds kernels or asks machines in use has --verbose, the same on all', () => {
  const found = [...commands].map(([words, command]) => {
    return [words, command.options.find(({ long }) => long === '--verbose')?.description ?? null] as const
  })
  const without = found.filter(([, description]) => description === null).map(([words]) => words)
  assert.deepEqual(without.toSorted(), QUIET.split(',').toSorted())
  assert.equal(new Set(found.map(([, description]) => description)).size, 2)
})

test('what is stored with an interrupted run cannot be given again beside --resume', () => {
  // Of what is resumed these say how it is carried out and shown now, not what it is.
  const words =
    'accel cores jobs mirror timings out json withLogs format failOn gitTree tester url export sweep noFork verbose baseline'
  const now = new Set(words.split(' '))
  for (const [name, command] of commands) {
    const resume = command.options.find(({ long }) => long === '--resume')
    if (!resume) continue
    const { conflictsWith } = resume as unknown as { readonly conflictsWith: readonly string[] }
    const others = command.options.filter((option) => option !== resume).map((option) => option.attributeName())
    const open = others.filter((one) => !now.has(one) && !conflictsWith.includes(one))
    assert.deepEqual(open, [], `${name} --resume`)
  }
})

/** What it says on stderr when it refuses these words, and the code of commander's error. */
async function refusal(...words: readonly string[]): Promise<readonly [code: string, text: string]> {
  const program = await createProgram(words)
  let text = ''
  const all = [program as CommandUnknownOpts, ...program.commands, ...program.commands.flatMap((one) => one.commands)]
  for (const one of all) one.configureOutput({ writeErr: (part) => (text += part) })
  try {
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return [error.code, text]
    throw error
  }
  throw new Error(`kwitness ${words.join(' ')} was not refused`)
}

const REFUSED: readonly [words: string, code: string, text: RegExp][] = [
  ['rnu', 'unknownCommand', /^kwitness: unknown command 'rnu'\n\(Did you mean run\?\)\n {2}kwitness --help lists/],
  [
    'run --case x',
    'unknownOption',
    /^kwitness: unknown option '--case'\n\(Did you mean --cases\?\)\n {2}kwitness help run shows/,
  ],
  ['run --cores x', 'invalidArgument', /'--cores <n>' argument 'x' is invalid\. Give a whole number/],
  ['run --accel xen', 'invalidArgument', /Allowed choices are kvm, tcg/],
  ['run --resume --cases x', 'conflictingOption', /'--resume \[id\]' cannot be used with option '--cases <ids>'/],
  ['run --suite kselftest:mm --race-seconds 3', 'conflictingOption', /'--suite <name>' cannot be used with .*'--race-seconds/],
  ['report --json --format html', 'conflictingOption', /'--json' cannot be used with option '--format/],
  ['bisect --replay log --old a', 'conflictingOption', /'--replay <file>' cannot be used with option '--old/],
  ['controls --sweep --timings', 'conflictingOption', /'--sweep' cannot be used with option '--timings'/],
  ['explain', 'missingArgument', /^kwitness: missing required argument 'result'\n {2}kwitness help explain shows/],
]

for (const [words, code, text] of REFUSED) {
  test(`kwitness ${words} is refused, with what to do`, async () => {
    const [found, said] = await refusal(...words.split(' '))
    assert.equal(found, `commander.${code}`)
    assert.match(said, text)
  })
}

test('zero cases and zero kernels are refused on every command that takes them', async () => {
  for (const [words, command] of commands) {
    for (const option of ['--cases', '--kernels']) {
      if (!command.options.some(({ long }) => long === option)) continue
      const required = command.registeredArguments.filter((argument) => argument.required).map(() => 'x')
      const [code, said] = await refusal(...words.split(' '), ...required, option, '')
      assert.deepEqual([code, /Name at least one/.test(said)], ['commander.invalidArgument', true], `${words} ${option}: ${said}`)
    }
  }
})

test('a blank value is refused by every option and argument that takes one', async () => {
  let refused = 0
  for (const [words, command] of commands) {
    const required = command.registeredArguments.filter((argument) => argument.required).map(() => 'x')
    const given = [
      ...command.options.filter((option) => option.required || option.optional).map(({ long }) => [...required, `${long}= `]),
      ...command.registeredArguments.map((_, index) => [...required.slice(0, index), ' ']),
    ]
    for (const more of given) {
      const [code, said] = await refusal(...words.split(' '), ...more)
      assert.deepEqual(
        [code, / is invalid/.test(said)],
        ['commander.invalidArgument', true],
        `${words} ${more.join(' ')}: ${said}`,
      )
      refused += 1
    }
  }
  assert.ok(refused > 100, `${refused}`)
})

test('why is the other name of explain, and no other command has one', () => {
  const aliases = [...commands].map(([words, command]) => [words, command.aliases()] as const).filter(([, all]) => all.length > 0)
  assert.deepEqual(aliases, [['explain', ['why']]])
})

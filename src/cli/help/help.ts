/** `kwitness help`: the help of a command, or a topic of its own. */
import { readdir } from 'node:fs/promises'
import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings'
import { readKernelSets } from '#harness/kernels/sets.ts'
import { inRepository } from '#harness/support/repository.ts'
import { UserError } from '#domain/errors.ts'
import { print } from '../output/streams.ts'
import { selectorsHelp } from './selectors.ts'
import { textWidth } from './wrap.ts'

/** Declare the command. Its siblings must be declared before it acts. */
export function declare(command: Command) {
  return command
    .description('Show the help of a command, or the topic "selectors": how kernels are named.')
    .argument('[topic...]', 'selectors, or a command with its subcommand')
    .action(async (topic) => {
      if (topic.length === 1 && topic[0] === 'selectors') await print(await readSelectorsHelp())
      else commandNamed(topic, command.parent).outputHelp()
    })
}

/** The command that these words lead to. Throws UserError for a word that names none. */
function commandNamed(words: readonly string[], program: CommandUnknownOpts | null): CommandUnknownOpts {
  let found = program
  for (const word of words) {
    const next = found?.commands.find((one) => one.name() === word || one.aliases().includes(word))
    if (!next) throw new UserError(`there is no command and no topic "${words.join(' ')}"`, 'kwitness --help lists the commands')
    found = next
  }
  if (found === null) throw new UserError('no command to show the help of', 'kwitness --help lists the commands')
  return found
}

async function readSelectorsHelp(): Promise<string> {
  const [sets, files] = await Promise.all([readKernelSets(), readdir(inRepository('vm-images', 'configs'))])
  const names = files.filter((file) => file.endsWith('.config')).map((file) => file.replace(/\.config$/, ''))
  const fragments = names.filter((name) => name !== 'base').toSorted()
  return selectorsHelp(sets, fragments, textWidth(process.stdout))
}

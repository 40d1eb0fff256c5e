/** The options of `kwitness cases check`. */
import { Option, type Command } from '@commander-js/extra-typings'
import * as shared from './shared.ts'

const kernel = new Option(
  '--kernels <selector>',
  'the one kernel to run it on (default: a cached one of the default set)',
).helpGroup('How to test:')

/** Add the options to the command. */
export function checkOptions(command: Command) {
  return shared.machineOptions(command.addOption(shared.catalogue).addOption(kernel)).addOption(shared.json('the checks'))
}

/** The values of its options. */
export type CasesCheckOptions = shared.OptionsOf<typeof checkOptions>

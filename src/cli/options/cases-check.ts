/** The options of `kwitness cases check`. */
import type { Command } from '@commander-js/extra-typings'
import * as shared from './shared.ts'

/** Add the options to the command. */
export function checkOptions(command: Command) {
  const what = command.addOption(shared.catalogue).addOption(shared.kernels)
  return shared.machineOptions(what).addOption(shared.json('the checks'))
}

/** The values of its options. */
export type CasesCheckOptions = shared.OptionsOf<typeof checkOptions>

/** The options of `kwitness controls` and of its sweep. */
import { Option, type Command } from '@commander-js/extra-typings'
import type { ControlsRequest } from '#run/prepare/controls.ts'
import * as shared from './shared.ts'
import { readFixes } from './values.ts'

const fix = new Option('--fix <hashes>', 'controls of these fixes alone, separated by commas')
  .argParser(readFixes)
  .helpGroup('What to test:')

const sweep = new Option('--sweep', 'measure instead which guests, and which delays, hit a race soonest')
  .conflicts('timings')
  .helpGroup('What to test:')

/** Add the options to the command. */
export function controlsOptions(command: Command) {
  const what = command
    .addOption(shared.series)
    .addOption(fix)
    .addOption(shared.cases)
    .addOption(sweep)
    .addOption(shared.resume('run of controls', ['accel']))
    .addOption(shared.snapshot)
    .addOption(shared.fork)
  return shared
    .machineOptions(what)
    .addOption(shared.dryRun)
    .addOption(shared.json('the matrix of controls and the rates'))
    .addOption(shared.reportFolder)
    .addOption(shared.timings)
}

/** The values of its options. */
export type ControlsOptions = shared.OptionsOf<typeof controlsOptions>

/** Which controls the options mean. */
export function controlsRequest({ series = [], fix: fixes = [] }: Pick<ControlsOptions, 'series' | 'fix'>): ControlsRequest {
  return { series: series.map((name) => name.replace(/\.y$/, '')), fixes }
}

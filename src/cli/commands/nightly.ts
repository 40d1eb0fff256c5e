/** `kwitness nightly`: a run that minds itself, from new kernels to word of what changed. */
import { writeFile } from 'node:fs/promises'
import { Option, type Command } from '@commander-js/extra-typings'
import { withLock, type Describe } from '#harness/support/lock.ts'
import { probeWorkspace } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import { helpText } from '../help/text.ts'
import * as shared from '../options/shared.ts'
import { readCount, readDuration } from '../options/values.ts'
import { readConfig, TEMPLATE } from '../nightly/config.ts'
import type { NightContext } from '../nightly/context.ts'
import { tellingFailure } from '../nightly/failure.ts'
import { executeNight, newNight, type EndedNight } from '../nightly/night.ts'
import { applyRetention } from '../nightly/retention.ts'
import { placesOf, readState } from '../nightly/state.ts'
import { INTERRUPTED } from '../output/exit-code.ts'
import { createProgress } from '../output/progress.ts'
import { createKernelContext } from '../terminal/kernel-context.ts'
import { untilSignal } from '../terminal/signals.ts'

const config = new Option('--config <file>', 'what is run, and who is told').conflicts('init')
const init = new Option('--init <file>', 'write a configuration with every setting and what it means, and stop')
const budget = new Option('--budget <time>', 'in place of the budget of the configuration, such as 2h').argParser(readDuration)
const cores = new Option('--cores <n>', 'vCPUs that run side by side (default: the cores of this machine)').argParser(readCount)

const declareOptions = (command: Command) =>
  command.addOption(config).addOption(init).addOption(budget).addOption(cores).addOption(shared.mirror).addOption(shared.verbose)

type NightlyOptions = shared.OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .description(
      'Notice new kernels, run what the configuration asks within a budget, try regressions again, compare with the night ' +
        'before, write the site, send word of what changed, and remove what is old.',
    )
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await nightly(options)
    })
}

const HELP = helpText({
  remarks: [
    'A night that was interrupted, at whatever moment, is finished by the next one. Each change is sent once; where a night ' +
      'was killed between the answer of a receiver and its note of it, the same notice comes again, with the same key.',
    'Word of a night that fails goes out, too, and the same failure not again before a night has come to its end.',
    'docs/nightly.md has a systemd timer, and jobs for GitHub, GitLab and Jenkins.',
  ],
  exits: { 0: 'nothing regressed', 1: 'something regressed', 3: 'infrastructure: also a notice that nobody took' },
  examples: [
    ['write a configuration', 'kwitness nightly --init nightly.yaml'],
    ['a night', 'kwitness nightly --config nightly.yaml'],
    ['a short one', 'kwitness nightly --config nightly.yaml --budget 20m'],
  ],
})

/** Execute a night and give the exit code. */
async function nightly(options: NightlyOptions): Promise<number> {
  if (options.init !== undefined) {
    await writeFile(options.init, TEMPLATE, { flag: 'wx' }).catch(({ code }: NodeJS.ErrnoException) => {
      throw new UserError(`cannot write ${options.init}: ${code}`, 'name a file that is not there yet')
    })
    console.error(`kwitness: wrote ${options.init}; kwitness nightly --config ${options.init} runs a night`)
    return 0
  }
  if (options.config === undefined) throw new UserError('--config is missing', 'kwitness nightly --init FILE writes one')
  const read = await readConfig(options.config)
  const workspace = findWorkspace()
  const places = placesOf(workspace.state, read.name)
  await tellingFailure(read, places, () => probeWorkspace(workspace))
  const lock = { name: `the nightly run "${read.name}"`, doing: 'beginning a night', noWait: true }
  return withLock(places.lock, lock, (describe) => tellingFailure(read, places, () => underLock(options, read, describe)))
}

type Config = NightContext['config']

async function underLock(options: NightlyOptions, read: Config, describe: Describe): Promise<number> {
  const places = placesOf(findWorkspace().state, read.name)
  const progress = createProgress(process.stderr, () => performance.now())
  const ended: EndedNight[] = []
  const deadline = performance.now() + (options.budget ?? readDuration(read.budget))
  try {
    const finished = await untilSignal(async (signal) => {
      const kernels = { ...createKernelContext(options, progress, signal), ...(read.refresh ? { freshAfter: Date.now() } : {}) }
      const last = await readState(places)
      const isOpen = last !== null && last.phase !== 'done'
      const common = { config: read, places, kernels, progress, describe, deadline, cores: options.cores }
      const context: NightContext = { ...common, state: isOpen ? last : newNight({ places }, last?.earlier ?? []) }
      if (isOpen) console.error(`kwitness: the night of ${last.startedAt} was interrupted (${last.phase}) and goes on`)
      ended.push(await executeNight(context))
      // A night that only had to be finished is not this one.
      if (isOpen && last.phase !== 'run') {
        context.state = newNight({ places }, context.state.earlier)
        ended.push(await executeNight(context))
      }
    })
    progress.end()
    if (!finished) {
      console.error('kwitness: stopped; the next night goes on from here')
      return INTERRUPTED
    }
  } finally {
    progress.end()
  }
  describe('removing what is old')
  await applyRetention(read.retention, places)
  if (ended.some(({ regressed }) => regressed > 0)) return 1
  return ended.some(({ problems }) => problems.length > 0) ? 3 : 0
}

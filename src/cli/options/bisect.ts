/** The options by which `kwitness bisect` and `bisect-step` build and test a commit, and those that say between which ends. */
import { Option, type Command, type OptionValues } from '@commander-js/extra-typings'
import * as shared from './shared.ts'

const RANGE = 'Between which commits:'

const tree = shared.tree('the git repository; kwitness writes and checks out nothing there (default: this folder)')

/** Options of both commands. */
export function testCommitOptions<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  const what = command.addOption(tree).addOption(shared.cases).addOption(shared.catalogue).addOption(shared.config)
  return shared.machineOptions(shared.certaintyOptions(what))
}

const fromBoundary = new Option('--from-boundary <case:series>', 'both ends, and the case, from a boundary that a run found')
  .conflicts(['cases'])
  .helpGroup(RANGE)

const replay = new Option('--replay <file>', 'go on from a git bisect log: its ends are asked again, its other marks are kept')
  .conflicts(['old', 'new', 'fromBoundary', 'termOld', 'termNew', 'firstParent'])
  .helpGroup(RANGE)

/** Options that say between which commits to search. */
export function rangeOptions<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .addOption(new Option('--old <rev>', 'a commit from before the change').helpGroup(RANGE))
    .addOption(new Option('--new <rev>', 'a commit from after it').helpGroup(RANGE))
    .addOption(fromBoundary)
    .addOption(shared.run)
    .addOption(replay)
    .addOption(new Option('--term-old <word>', 'for git bisect, instead of old').helpGroup(RANGE))
    .addOption(new Option('--term-new <word>', 'for git bisect, instead of new').helpGroup(RANGE))
    .addOption(new Option('--first-parent', 'follow the first parent of merges alone').helpGroup(RANGE))
}

/** How a commit is built and tested. */
type TestCommitOptions = shared.OptionsOf<typeof testCommitOptions<[], {}>>

/** What a bisection is about. */
export type BisectRequestOptions = TestCommitOptions & shared.OptionsOf<typeof rangeOptions<[], {}>>

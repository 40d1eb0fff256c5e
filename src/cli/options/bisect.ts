/** The options of `kwitness bisect` and `bisect-step` with their help, as the command line shows them. */
import { SHARED, type OptionRow } from './shared.ts'

/** Of both: it may be given again. */
export const CONFIG = 'config fragment on top of the base; may be given again'

export const BISECT_OPTIONS: readonly OptionRow[] = [
  ['--tree <git>', 'the git repository; nothing is written or checked out there (default: this folder)'],
  ['--case <id>', 'the case that tells old from new'],
  ['--old <rev>', 'a commit from before the change'],
  ['--new <rev>', 'a commit from after it'],
  ['--from-boundary <case:series>', 'both ends, and the case, from a boundary that a run found: uffd-wp-mremap:6.1.y'],
  ['--run <id>', 'the run that has the boundary (default: the newest)'],
  ['--replay <file>', 'go on from a git bisect log: its ends are asked again, what else it marked is taken over'],
  ['--term-old <word>', 'for git bisect, instead of old'],
  ['--term-new <word>', 'for git bisect, instead of new'],
  ['--first-parent', 'follow the first parent of merges alone'],
  ['--resume [bisection]', 'go on with a bisection, the newest unfinished one when none is named'],
  ['--export <file>', 'write a script that does the same with git bisect run, and stop'],
  ['--format <name>', 'terminal, json, markdown or html (default: terminal)'],
  ['--json', 'the same as --format json'],
  ['--out <folder>', 'where to leave the report (default: reports/out/bisect-ID)'],
  SHARED.bound,
  ['--race-seconds <s>', 'guest seconds for a race on each commit (default: 30); an undecided one gets more'],
  ['--seed <n>', 'seed of its runs (default: drawn)'],
  SHARED.accel,
  SHARED.cores,
  SHARED.jobs,
  ['--catalogue <folder>', 'take the case from this folder'],
  SHARED.mirror,
]

export const BISECT_HELP = `
Both ends are asked first: one must show the bug, the other not. Which of them says what is looked for.
A commit that does not build or boot, or crashes for another reason, is skipped.

Exit codes:
  0  the commit was found     1  commits that give no answer hide it: those it may be are named
  2  usage, or the ends are alike     3  infrastructure     130  interrupted

Examples:
  kwitness bisect --tree linux --case uffd-copy-vs-fork --old v5.10.100 --new v5.10.150 -- mm fs
  kwitness bisect --tree linux --from-boundary uffd-wp-mremap:6.1.y
  git bisect log >log && kwitness bisect --case gup-fast-vs-fork --replay log
  kwitness bisect --resume`

export const STEP_OPTIONS: readonly OptionRow[] = [
  ['--tree <git>', 'the git repository (default: this folder)'],
  ['--rev <rev>', 'this commit (default: what is checked out, with what was changed in it)'],
  ['--find <what>', 'bug: exit 1 where the bug shows; fix: exit 1 where it does not (default: bug)'],
  SHARED.bound,
  ['--race-seconds <s>', 'guest seconds for a race (default: 30)'],
  SHARED.seed,
  SHARED.accel,
  SHARED.cores,
  SHARED.jobs,
  ['--catalogue <folder>', 'take the case from this folder'],
  SHARED.mirror,
]

export const STEP_HELP = `
A race that stays clean is only believed against rates that kwitness controls has measured here.

Exit codes, as git bisect run takes them:
  0  good, or old     1  bad, or new     125  cannot tell: does not build or boot, crashed, undecided
  128 and more  stop: usage or infrastructure, which says nothing about the commit

Example:
  git bisect start v5.10.150 v5.10.100 && git bisect run kwitness bisect-step --case uffd-copy-vs-fork`

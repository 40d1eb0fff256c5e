/** What `kwitness verify` takes and says of itself, as data for the command line. */
import { SHARED } from './shared.ts'

/** Flags, what they are for, and how those given again or as lists are read. */
export const VERIFY_OPTIONS: readonly (readonly [flags: string, says: string, kind?: 'words' | 'again'])[] = [
  ['--tree <source>', 'a folder, a git tree, a tarball or debian-5.10; may be given again', 'again'],
  ['--base <rev>', 'a revision of the git tree to put the patch on; may be given again', 'again'],
  ['--patch <what>', 'a file, an mbox with a series, a commit (or A..B) of the git tree, or - for standard input'],
  ['--case <id>', 'the case that it fixes (default: those whose fix has its subject or commit)'],
  ['--cases <ids>', 'case ids or globs to compare before and after, separated by commas (default: all)', 'words'],
  ['--each', 'hold each patch of a series against the one before it, too'],
  ['--config <fragment>', 'build with this config fragment, such as kasan; may be given again', 'again'],
  ['--resume [run]', 'go on with an interrupted run, the newest that verifies when none is named'],
  ['--format <name>', 'on standard output: terminal, markdown, html, json, b4 or tested-by (default: terminal)'],
  ['--json', 'the same as --format json'],
  ['--tester <who>', "'Name <mail>' for Tested-by: (default: of the git configuration)"],
  ['--url <url>', 'where the report will be found, for b4'],
  ['--out <folder>', 'where to leave all of these, and the report of the run (default: reports/out/RUN)'],
  SHARED.bound,
  ['--race-seconds <s>', 'guest seconds for each race on each kernel (default: 30)'],
  SHARED.catalogue,
  SHARED.freshBoot,
  SHARED.noFork,
  SHARED.cores,
  SHARED.jobs,
  SHARED.timings,
  SHARED.mirror,
]

/** Behind the options. */
export const VERIFY_HELP = `
A patch that applies is built beside its base, and both are asked in one run. Needs no git: plain
trees and tarballs will do. With the history at hand, a patch that does not apply names the
commits it waits for.

The word of each base, in --json its status:
  fixes             the case goes from lacks to carries, no other verdict changes
  unchanged         no case was named or found for the patch, and no verdict changes
  no-effect         applies and builds, but the case still lacks the fix
  breaks-neighbour  another case shows a bug it did not show, or cannot be asked any more
  does-not-apply, does-not-build, does-not-boot
  new-splat         the kernel reports what the base does not
  new-warnings      the compiler warns in a touched file of what it does not in the base
  nothing-to-fix    the base does not show the bug of the case
  unproven          a race is not seen any more, but was not tried often enough to say
  already-applied   it is there already, exactly or in other form
  no-answer         the base does not build, or guests gave no answer

Exit codes:
  0  fixes, or unchanged, on every base that does not have it yet
  1  any other word about the patch, on any base
  2  usage     3  no-answer, infrastructure     4  already-applied, on every base     130  interrupted

Examples:
  kwitness verify --tree debian-5.10 --patch my.patch --case uffd-mmap-changing-atomic
  kwitness verify --tree ~/linux --base v6.1.170 --base v6.12.85 --patch a759a909d42d
  kwitness verify --tree ~/linux --patch series.mbox --each --cases 'uffd-*' --format markdown
  b4 review's check command: kwitness verify --tree ~/linux --patch - --format b4`

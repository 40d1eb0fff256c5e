/** `kwitness run`: what it takes, and its help. */
import type { Command } from '@commander-js/extra-typings'
import { RERUN_WORDS } from '../help/rerun.ts'
import { ANSWER_EXITS, helpText } from '../help/text.ts'
import { declareRunOptions } from '../options/run-command.ts'
import { CASE_WORDS, CHANGE_WORDS, SUITE_WORDS } from '../output/exit-code.ts'

/** Declare the command. */
export function declare(command: Command) {
  return declareRunOptions(command)
    .description(
      'Boot every chosen kernel, run every chosen case in it, and report the matrix (default: the set "default", all cases).',
    )
    .addHelpText('after', HELP)
    .action(async (options) => {
      const { run } = await import('../run/run.ts')
      process.exitCode = await run(options)
    })
}

const HELP = helpText({
  terms: {
    'Words of --rerun, separated by commas': RERUN_WORDS,
    'Words of --fail-on': CASE_WORDS,
    'Words of --fail-on with --suite': SUITE_WORDS,
    'Words of --fail-on with --baseline': CHANGE_WORDS,
  },
  exits: ANSWER_EXITS,
  examples: [
    ['the default set, every case', 'kwitness run'],
    ['the newest kernel of each series, one case', 'kwitness run --kernels series --cases uffd-eagain-output'],
    ['a kernel that you built; exit 1 where it lacks a fix', 'kwitness run --kernels file:arch/x86/boot/bzImage --fail-on lacks'],
    ["Debian's source with your patch", "kwitness run --kernels tree:debian-5.10,patch=my.patch --cases 'uffd-*'"],
    ['selftests of a kernel tree', "kwitness run --suite kselftest:mm --tree /src/linux --kernels 'debian:6.12.*'"],
    ['every night: exit 1 where a fix got lost since the last run', 'kwitness run --baseline latest'],
    ['a race by chance, where a control kernel was measured', 'kwitness run --cases gup-fast-vs-fork --no-interleavings'],
    ['with a whole Debian around the cases, by ssh', "kwitness run --kernels 'debian:6.1.*:newest' --userland debian"],
    ['a cloud image with its own kernel', 'kwitness run --kernels image:debian-12-genericcloud-amd64.qcow2'],
    ['a kernel of Debian with your disk around it', 'kwitness run --kernels debian:6.12.y:newest --userland image:disk.qcow2'],
    ['this machine and another one as they run, beside a kernel', 'kwitness run --kernels running,ssh:db1,debian:6.1.y:newest'],
    ['everything anew, whatever earlier runs have shown', 'kwitness run --rerun all'],
    ['after Ctrl-C or a crash', 'kwitness run --resume'],
  ],
})

/** `kwitness shell`: an interactive guest of one kernel, with the programs of cases in it. */
import type { Command } from '@commander-js/extra-typings'
import type { KernelContext } from '#harness/kernels/index.ts'
import type { RunningQemu } from '#harness/boot/qemu/process.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { makeGuestInputs } from '#run/prepare/guest-inputs.ts'
import { preparePlan } from '#run/prepare/prepare.ts'
import { startShell } from '#run/shell.ts'
import { helpText } from '../help/text.ts'
import { runRequest } from '../options/run.ts'
import * as shared from '../options/shared.ts'
import { INTERRUPTED } from '../output/exit-code.ts'
import { createProgress, type Progress } from '../output/progress.ts'
import { attachTerminal } from '../terminal/attach.ts'
import { createKernelContext } from '../terminal/kernel-context.ts'
import { untilSignal } from '../terminal/signals.ts'

function declareOptions(command: Command) {
  return shared.machineOptions(command.addOption(shared.cases).addOption(shared.catalogue))
}

type ShellOptions = shared.OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('<kernel>', 'a selector that means one kernel, or a kernel id (see kwitness help selectors)')
    .description('Open a shell in a guest of this kernel, with the programs of the chosen cases in /case/ID/repro.')
    .addHelpText('after', HELP)
    .action(async (kernel, options) => {
      process.exitCode = await shell(kernel, options)
    })
}

const HELP = helpText({
  remarks: [
    'The guest has the commands of busybox, no disk and no network. What happens in it is not stored. ' +
      '`exit` or Ctrl-] ends it; Ctrl-C goes to the guest.',
  ],
  exits: { 0: 'the guest ran until you ended it', 1: 'the guest ended by itself: a panic, for example' },
  examples: [
    ['a kernel', 'kwitness shell debian:6.12.118'],
    ["a kernel and a case's program", 'kwitness shell debian:6.12.118 --cases uffd-wp-mremap'],
    ['a kernel that you built, its log on the same screen', 'kwitness shell file:arch/x86/boot/bzImage --verbose'],
    ['one command, without a terminal', "echo 'uname -a' | kwitness shell debian:6.12.118"],
  ],
})

/** Lines of the kernel log that are shown when the guest ends by itself. */
const LAST_LINES = 60

/** Keep the end of the kernel log, and show all of it with --verbose. */
function followKernelLog({ console: log }: RunningQemu, isVerbose: boolean): () => string {
  let tail = ''
  log.on('data', (chunk: Buffer) => {
    if (isVerbose) process.stderr.write(chunk)
    tail = (tail + chunk.toString('latin1')).slice(-16_384)
  })
  return () => tail.split('\n').slice(-LAST_LINES).join('\n').trim()
}

/** Run the shell until it ends and give the exit code. */
async function shell(kernel: string, options: ShellOptions): Promise<number> {
  const progress = createProgress(process.stderr, () => performance.now())
  let exitCode = 0
  try {
    const finished = await untilSignal(async (signal) => {
      exitCode = await open(kernel, options, createKernelContext(options, progress, signal), progress)
    })
    return finished ? exitCode : INTERRUPTED
  } finally {
    progress.end()
  }
}

async function open(kernel: string, options: ShellOptions, context: KernelContext, progress: Progress): Promise<number> {
  const { cases: ids, catalogue = CATALOGUE, verbose = false } = options
  const cases = ids === undefined ? [] : selectCases(await readCatalogue(catalogue), ids)
  const request = runRequest({ ...options, kernels: [kernel], cases: cases.map(({ id }) => id) })
  const work = { cases, making: makeGuestInputs(cases, context) }
  const prepared = await preparePlan(request, work, context, progress.onEvent)
  const { rows = 24, columns = 80 } = process.stdout
  const qemu = await startShell(prepared, cases, kernel, { rows, columns }, context)
  progress.end()
  const lastLines = followKernelLog(qemu, verbose)
  if (process.stdin.isTTY) process.stderr.write('kwitness: booting; `exit` or Ctrl-] ends the guest\n')
  const hasDetached = await attachTerminal(qemu.agent, qemu.exited)
  context.signal?.throwIfAborted()
  if (hasDetached) process.stderr.write('\r\nkwitness: detached, the guest is ended\n')
  const { stderr } = await (hasDetached ? qemu.kill() : qemu.exited)
  const hasDied = !hasDetached && !lastLines().includes('reboot: Restarting system')
  if (!hasDied) return 0
  process.stderr.write(`kwitness: the guest ended by itself; the end of its kernel log:\n${stderr || lastLines()}\n`)
  return 1
}

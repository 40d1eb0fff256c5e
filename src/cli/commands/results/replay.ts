/** `kwitness replay`: make a stored attempt again, and show both side by side. The run stays as it is. */
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Option, type Command } from '@commander-js/extra-typings'
import { openScratch } from '#harness/support/scratch.ts'
import { systemError, findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import { renderReplay } from '#render/replay.ts'
import { chooseAttempt, replayAttempt, type Replayable, type Replayed } from '#run/replay/replay.ts'
import { findResult } from '#run/results/find.ts'
import type { LogPaths } from '#store/ports.ts'
import { helpText } from '#cli/help/text.ts'
import * as shared from '#cli/options/shared.ts'
import { readCount } from '#cli/options/values.ts'
import { exitCodeOfReplay, INTERRUPTED } from '#cli/output/exit-code.ts'
import { probeOut, REPORTS_OUT, terminalOf, writeOut } from '#cli/output/files.ts'
import { createProgress } from '#cli/output/progress.ts'
import { print } from '#cli/output/streams.ts'
import { createKernelContext } from '#cli/terminal/kernel-context.ts'
import { untilSignal } from '#cli/terminal/signals.ts'

const attempt = new Option(
  '--attempt <n>',
  'this attempt of the result (default: the first that reproduced the bug, else the last)',
).argParser(readCount)

function declareOptions(command: Command) {
  return command
    .addOption(shared.resultRun)
    .addOption(attempt)
    .addOption(shared.mirror)
    .addOption(shared.verbose)
    .addOption(shared.json('both attempts'))
    .addOption(shared.out('folder for its evidence and logs (default: reports/out/replay-RUN-ATTEMPT)'))
}

type ReplayOptions = shared.OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('<result>', shared.RESULT)
    .description('Make a stored attempt again, with the same job, seed and snapshot, and show both side by side.')
    .addHelpText('after', HELP)
    .action(async (result, options) => {
      process.exitCode = await replay(result, options)
    })
}

const HELP = helpText({
  remarks: ['The stored run stays as it is.', shared.RESULT_NAMES],
  exits: {
    0: 'the outcome is the same',
    1: 'it is another one',
    2: 'usage, or the kernel or the reproducer is no longer what it was',
  },
  examples: [
    ['the first attempt that reproduced the bug', 'kwitness replay 5.10.262/uffd-mmap-changing-atomic'],
    ['the same, and what its guest prints as it comes', 'kwitness replay 5.10.262/uffd-mmap-changing-atomic --verbose'],
    ['a certain attempt, as JSON', 'kwitness replay 5.10.262/gup-fast-vs-fork --attempt 2 --json'],
  ],
})

/** A stored attempt, and where it lies. */
interface Stored {
  readonly replayable: Replayable
  readonly runName: string
  readonly files: LogPaths
}

/** A replay, and the folder that holds its evidence and logs. */
interface Left {
  readonly replayed: Replayed
  readonly logs: string
}

/** Make the attempt of a cell again and give the exit code: 0 for the same outcome, 1 for another, 3 when it came to none. */
async function replay(cell: string, options: ReplayOptions): Promise<number> {
  const stored = await loadAttempt(cell, options)
  const { record } = stored.replayable
  await probeOut(options.out ?? REPORTS_OUT)
  const progress = createProgress(process.stderr, () => performance.now())
  let done: Left | null = null
  try {
    const finished = await untilSignal(async (signal) => {
      const kernels = createKernelContext(options, progress, signal)
      const folder = await openScratch(kernels.workspace.cache)
      try {
        const replayed = await replayAttempt(stored.replayable, kernels, progress.onEvent, folder)
        const logs = options.out ?? join(REPORTS_OUT, `replay-${record.run}-${record.id}`)
        await leaveLogs(replayed, folder, logs)
        done = { replayed, logs }
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
    if (!finished) return INTERRUPTED
  } finally {
    progress.end()
  }
  return done === null ? INTERRUPTED : tell(stored, done, options)
}

async function loadAttempt(text: string, options: ReplayOptions): Promise<Stored> {
  const { store, run, runName, cell, attempt: name } = await findResult(findWorkspace().state, text, options.run)
  try {
    const named = (await store.attemptNames(run.id)).find(({ id }) => id === name)?.attempt
    if (named !== undefined && options.attempt !== undefined && named !== options.attempt) {
      throw new UserError(`${text} is attempt ${named}, and --attempt says ${options.attempt}`, 'leave out one of them')
    }
    const replayable = await chooseAttempt(store, run.id, cell, options.attempt ?? named)
    return { replayable, runName, files: store.logPaths(replayable.record) }
  } finally {
    store.close()
  }
}

/** Leave the evidence of the replay and its logs in a folder. Throws InfraError when the disk does not take them. */
async function leaveLogs({ evidence }: Replayed, from: string, to: string): Promise<void> {
  await writeOut(join(to, 'evidence.json'), `${JSON.stringify(evidence, null, 2)}\n`)
  for (const { file } of [evidence.console, evidence.output]) {
    await copyFile(join(from, file), join(to, file)).catch((error) => {
      throw systemError(error, `cannot write ${to}`) ?? error
    })
  }
}

async function tell({ runName, files }: Stored, { replayed, logs }: Left, { json }: ReplayOptions): Promise<number> {
  const { replay: told, evidence } = replayed
  const own = { console: join(logs, evidence.console.file), output: join(logs, evidence.output.file) }
  if (json) await print(JSON.stringify({ ...told, logs, files: { stored: files, replayed: own } }, null, 2), true)
  else {
    const paths = [
      [`stored (${runName})`, files],
      ['replayed', own],
    ] as const
    const lines = paths.flatMap(([side, at]) => [`${side}: console: ${at.console}`, `${side}: output: ${at.output}`])
    await print(`${renderReplay(told, terminalOf(process.stdout))}${lines.join('\n')}`)
  }
  console.error(`kwitness: evidence and logs: ${logs}`)
  return exitCodeOfReplay(told)
}

/** `kwitness replay`: make a stored attempt again, and show both side by side. The run stays as it is. */
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openScratch } from '#harness/support/scratch.ts'
import { diskError, findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import { renderReplay } from '#render/replay.ts'
import { cellsOf } from '#plan/cells.ts'
import { planOf } from '#plan/stored-plan.ts'
import { chooseAttempt, replayAttempt, type Replayable, type Replayed } from '#run/replay/replay.ts'
import { openStoreForReading } from '#store/index.ts'
import { findCell } from '../options/cell-name.ts'
import { exitCodeOfReplay, INTERRUPTED } from '../output/exit-code.ts'
import { print, REPORTS_OUT, terminalOf, writeOut } from '../output/files.ts'
import { createProgress } from '../output/progress.ts'
import { readCount } from '../options/run.ts'
import { createKernelContext } from '../terminal/kernel-context.ts'
import { untilSignal } from '../terminal/signals.ts'

export interface ReplayOptions {
  readonly run?: string
  readonly attempt?: string
  readonly json?: true
  readonly out?: string
  readonly mirror?: string
}

/** A replay, and the folder that holds its evidence and logs. */
interface Left {
  readonly replayed: Replayed
  readonly logs: string
}

/** Make the attempt of a cell again and give the exit code: 0 for the same outcome, 1 for another, 3 when it came to none. */
export async function replay(cell: string, options: ReplayOptions): Promise<number> {
  const attempt = await loadAttempt(cell, options)
  const progress = createProgress(process.stderr, () => performance.now())
  let done: Left | null = null
  try {
    const finished = await untilSignal(async (signal) => {
      const kernels = createKernelContext(options, progress, signal)
      const folder = await openScratch(kernels.workspace.cache)
      try {
        const replayed = await replayAttempt(attempt, kernels, progress.onEvent, folder)
        const logs = options.out ?? join(REPORTS_OUT, `replay-${attempt.record.run}-${attempt.record.id}`)
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
  return done === null ? INTERRUPTED : tell(done, options)
}

async function loadAttempt(text: string, options: ReplayOptions): Promise<Replayable> {
  const ordinal = readCount('--attempt', options.attempt)
  const store = await openStoreForReading(findWorkspace().state)
  try {
    const run = options.run === undefined ? await store.newestRun() : await store.readRun(options.run)
    if (run === null) throw new UserError('no run is stored yet', 'kwitness run makes one')
    const name = (cell: ReturnType<typeof cellsOf>[number]) => ({ kernel: cell.kernel.id, case: cell.case.id })
    const cell = findCell(run.id, cellsOf(planOf(run)), name, text)
    return await chooseAttempt(store, run.id, cell, ordinal)
  } finally {
    store.close()
  }
}

/** Leave the evidence of the replay and its logs in a folder. Throws InfraError when the disk does not take them. */
async function leaveLogs({ evidence }: Replayed, from: string, to: string): Promise<void> {
  await writeOut(join(to, 'evidence.json'), `${JSON.stringify(evidence, null, 2)}\n`)
  for (const { file } of [evidence.console, evidence.output]) {
    await copyFile(join(from, file), join(to, file)).catch((error) => {
      throw diskError(error, `cannot write ${to}`) ?? error
    })
  }
}

async function tell({ replayed, logs }: Left, { json }: ReplayOptions): Promise<number> {
  const { replay: told } = replayed
  await print(json ? JSON.stringify({ ...told, logs }, null, 2) : renderReplay(told, terminalOf(process.stdout)))
  console.error(`kwitness: evidence and logs: ${logs}`)
  return exitCodeOfReplay(told)
}

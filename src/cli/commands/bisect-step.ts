/**
 * `kwitness bisect-step`: one commit for those who drive `git bisect run` themselves. git takes every exit code from 1 to 127
 * but 125 for "new", so whatever is no answer ends with 125 or with one above 127.
 */
import { join, resolve } from 'node:path'
import type { TreeSelector } from '#harness/kernels/tree/source/selector.ts'
import { runCommand } from '#harness/support/process.ts'
import { markOf } from '#analysis/bisect/report.ts'
import type { Answer, BisectTarget } from '#domain/report/bisect.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import { buildKernel, cellOf, kernelOfSelector, runBisectPlan } from '#run/bisect/test-commit.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { openStore } from '#store/index.ts'
import { answerOf } from '#verdict/cell/bisect.ts'
import type { TestCommitOptions } from '../options/bisect-request.ts'
import { exitCodeOfMark, INTERRUPTED, STEP_TROUBLE } from '../output/exit-code.ts'
import { createProgress, type Progress } from '../output/progress.ts'
import { readCount, parseRunOptions } from '../options/run.ts'
import { createKernelContext } from '../terminal/kernel-context.ts'
import { untilSignal } from '../terminal/signals.ts'

export interface BisectStepOptions extends TestCommitOptions {
  readonly case: string
  readonly rev?: string
  readonly find?: string
}

/** Judge the commit that is checked out and give the exit code; throws nothing. */
export async function bisectStep(options: BisectStepOptions): Promise<number> {
  const progress = createProgress(process.stderr, () => performance.now())
  let told: { answer: Answer; because: string } | null = null
  try {
    const sought = readSought(options.find)
    const finished = await untilSignal(async (signal) => {
      told = await askStep(options, progress, signal)
    })
    progress.end()
    if (!finished || told === null) return INTERRUPTED
    const { answer, because } = told as { answer: Answer; because: string }
    console.error(`kwitness: ${answer}: ${because}`)
    return exitCodeOfMark(markOf(answer, sought))
  } catch (error) {
    progress.end()
    const known = error instanceof UserError || error instanceof InfraError
    console.error(`kwitness: ${known ? error.message : ((error as Error)?.stack ?? error)}`)
    if (known && error.hint) console.error(`  ${error.hint}`)
    return STEP_TROUBLE
  }
}

function readSought(text: string | undefined): BisectTarget {
  if (text === undefined || text === 'bug') return 'bug'
  if (text === 'fix') return 'fix'
  throw new UserError(`--find takes bug or fix, not ${text}`)
}

async function askStep(options: BisectStepOptions, progress: Progress, signal: AbortSignal) {
  const cores = readCount('--cores', options.cores)
  const context = createKernelContext(options, progress, signal, { inWorktree: true })
  const catalogue = options.catalogue ?? CATALOGUE
  const found = selectCases(await readCatalogue(catalogue), [options.case])
  if (found.length > 1) throw new UserError(`${options.case} means ${found.length} cases`, 'a step is about one')
  const kernel = await kernelOfSelector(await placeOf(options), context)
  const image = await buildKernel(kernel, context)
  if ('failure' in image) return { answer: 'does-not-build' as const, because: image.failure }
  const request = { ...parseRunOptions({ ...options, catalogue }), kernels: [kernel.id], cases: [options.case] }
  const { common, inputs } = await prepare(request, context, progress.onEvent)
  const plan = { ...common, kind: 'bisect', controls: [], measure: null } as const
  // Apart from the runs that people make: no report and no boundary is made of a step.
  const store = await openStore(join(context.workspace.state, 'bisect-steps'))
  try {
    const bounds = cores === undefined ? {} : { cores }
    const runContext = { store, inputs, kernels: context, onEvent: progress.onEvent, ...bounds }
    const { report, run } = await runBisectPlan(plan, undefined, runContext, async () => {})
    const cell = cellOf(report, kernel)
    const answer = answerOf(cell)
    if (answer === 'infra') throw new InfraError(`${kernel.id} came to no answer on this host: ${cell.because}`)
    return { answer: answer.answer, because: `${cell.because} (run ${run} in bisect-steps)` }
  } finally {
    store.close()
  }
}

/** What is checked out: the commit where nothing was changed in it, else the folder as it stands. */
async function placeOf({ tree = '.', rev, config = [] }: BisectStepOptions): Promise<TreeSelector> {
  const path = resolve(tree)
  const git = async (...args: string[]) => runCommand('git', ['-C', path, ...args], { anyExit: true })
  const whole = { patches: [], configs: config }
  const commitOf = async (name: string) => {
    const { stdout, exitCode } = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`)
    return exitCode === 0 ? stdout.trim() : null
  }
  // With --no-checkout, or in a bare repository, git says with BISECT_HEAD what it would have checked out.
  const revision = rev === undefined ? ((await commitOf('BISECT_HEAD')) ?? (await commitOf('HEAD'))) : await commitOf(rev)
  if (revision === null) throw new UserError(`${path} has no commit ${rev ?? 'HEAD'}`, 'name a git repository with --tree')
  if (rev === undefined && (await commitOf('BISECT_HEAD')) === null) {
    const { stdout, exitCode } = await git('status', '--porcelain', '--untracked-files=no')
    if (exitCode === 0 && stdout.trim() !== '') return { ...whole, place: { kind: 'path', path } }
  }
  return { ...whole, place: { kind: 'git', path, revision } }
}

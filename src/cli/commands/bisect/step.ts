/**
 * `kwitness bisect-step`: one commit for those who drive `git bisect run` themselves. git takes every exit code from 1 to 127
 * but 125 for "new", so a commit without an answer exits with 125 or above 127.
 */
import { join, resolve } from 'node:path'
import { Option, type Command } from '@commander-js/extra-typings'
import type { TreeSelector } from '#harness/kernels/tree/source/selector.ts'
import { findCommit, refuseUnreadable, runGit } from '#harness/support/git.ts'
import { markOf } from '#analysis/bisect/report.ts'
import type { Answer } from '#domain/report/bisect.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import { buildKernel, cellOf, kernelOfSelector, runBisectPlan } from '#run/bisect/test-commit.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { openStore } from '#store/index.ts'
import { answerOf } from '#verdict/cell/bisect.ts'
import { helpText } from '#cli/help/text.ts'
import { testCommitOptions } from '#cli/options/bisect.ts'
import { readOneCase } from '#cli/options/bisect-request.ts'
import { runRequest } from '#cli/options/run.ts'
import type { OptionsOf } from '#cli/options/shared.ts'
import { given } from '#cli/options/values.ts'
import { exitCodeOfMark, INTERRUPTED } from '#cli/output/exit-code.ts'
import { createProgress, type Progress } from '#cli/output/progress.ts'
import { createKernelContext } from '#cli/terminal/kernel-context.ts'
import { untilSignal } from '#cli/terminal/signals.ts'

const commit = new Option('--rev <rev>', 'this commit (default: what is checked out, with what was changed in it)').helpGroup(
  'What to test:',
)

const find = new Option('--find <what>', 'bug: exit 1 where the bug shows; fix: exit 1 where it does not (default: bug)')
  .choices(['bug', 'fix'])
  .helpGroup('What to test:')

const declareOptions = (command: Command) => testCommitOptions(command.addOption(commit).addOption(find))

type BisectStepOptions = OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .description('Test one commit and exit as git bisect run takes it.')
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await bisectStep(options)
    })
}

const HELP = helpText({
  remarks: [
    `kwitness calls a race that stays clean old only on the strength of rates that "kwitness controls" has measured here.`,
  ],
  terms: {
    'Exit codes, as git bisect run takes them': [
      ['0', 'good, or old'],
      ['1', 'bad, or new'],
      ['125', 'no answer: it does not build or boot, crashed, or is undecided'],
      ['129', 'stop: usage or infrastructure, which says nothing about the commit'],
      ['130', 'interrupted'],
    ],
  },
  examples: [
    [
      'in a kernel tree',
      'git bisect start v5.10.150 v5.10.100 &&\n    git bisect run kwitness bisect-step --cases uffd-copy-vs-fork',
    ],
  ],
})

/** Judge the commit that is checked out and give the exit code. Throws what says nothing about the commit. */
async function bisectStep(options: BisectStepOptions): Promise<number> {
  const progress = createProgress(process.stderr, () => performance.now())
  let found: { answer: Answer; summary: string } | null = null
  try {
    const finished = await untilSignal(async (signal) => {
      found = await askStep(options, progress, signal)
    })
    progress.end()
    if (!finished || found === null) return INTERRUPTED
    const { answer, summary } = found as { answer: Answer; summary: string }
    console.error(`kwitness: ${answer}: ${summary}`)
    return exitCodeOfMark(markOf(answer, options.find ?? 'bug'))
  } finally {
    progress.end()
  }
}

async function askStep(options: BisectStepOptions, progress: Progress, signal: AbortSignal) {
  const context = createKernelContext(options, progress, signal, { inWorktree: true })
  const { id } = await readOneCase(options.cases, options.catalogue)
  const kernel = await kernelOfSelector(await placeOf(options), context)
  const image = await buildKernel(kernel, context)
  if ('failure' in image) return { answer: 'does-not-build' as const, summary: image.failure }
  const request = runRequest({ ...options, kernels: [kernel.id], cases: [id] })
  const { common, inputs } = await prepare(request, context, progress.onEvent)
  const plan = { ...common, kind: 'bisect', controls: [], measure: null } as const
  // Not the store of runs: reports and boundaries must not include steps of a bisection.
  const store = await openStore(join(context.workspace.state, 'bisect-steps'))
  try {
    const bounds = given({ cores: options.cores })
    const runContext = { store, inputs, kernels: context, onEvent: progress.onEvent, ...bounds }
    const { report, run } = await runBisectPlan(plan, undefined, runContext, async () => {})
    const cell = cellOf(report, kernel)
    const answer = answerOf(cell)
    if (answer === 'infra') throw new InfraError(`${kernel.id} came to no answer on this host: ${cell.summary}`)
    return { answer: answer.answer, summary: `${cell.summary} (run ${run} in bisect-steps)` }
  } finally {
    store.close()
  }
}

/** What is checked out: the commit where nothing was changed in it, else the folder as it stands. */
async function placeOf({ tree = '.', rev, config = [] }: BisectStepOptions): Promise<TreeSelector> {
  const path = resolve(tree)
  const whole = { patches: [], configs: config }
  // With --no-checkout, or in a bare repository, git says with BISECT_HEAD what it would have checked out.
  const unchecked = rev === undefined ? await findCommit(path, 'BISECT_HEAD') : null
  const revision = unchecked ?? (await findCommit(path, rev ?? 'HEAD'))
  if (revision === null) throw new UserError(`${path} has no commit ${rev ?? 'HEAD'}`, 'name a git repository with --tree')
  if (rev === undefined && unchecked === null) {
    const status = await runGit(path, ['status', '--porcelain', '--untracked-files=no'], { anyExit: true })
    const hasFiles = !/must be run in a work tree/.test(status.stderr)
    if (hasFiles) refuseUnreadable(path, status)
    if (status.exitCode === 0 && status.stdout.trim() !== '') return { ...whole, place: { kind: 'path', path } }
  }
  return { ...whole, place: { kind: 'git', path, revision } }
}

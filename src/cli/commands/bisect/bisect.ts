/** `kwitness bisect`: which commit brought the bug, or its fix. */
import { chmod, readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Option, type Command } from '@commander-js/extra-typings'
import type { KernelContext } from '#harness/kernels/index.ts'
import { runScript } from '#harness/support/git.ts'
import { probeWorkspace } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { Bisection } from '#domain/report/bisect.ts'
import { InfraError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { renderBisection, renderBisectionJson, renderBisectionMarkdown } from '#render/bisect/text.ts'
import { BISECTION_ASSETS, renderBisectionHtml } from '#render/bisect/html.ts'
import { renderBisectScript } from '#render/bisect/script.ts'
import { bisect } from '#run/bisect/bisect.ts'
import { beginState, resumeState, type StateFile } from '#run/bisect/state.ts'
import type { PreparedBisection } from '#run/bisect/session.ts'
import type { PlanOf } from '#plan/plan.ts'
import { makeGuestInputs } from '#run/prepare/guest-inputs.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { openStore } from '#store/index.ts'
import { helpText } from '#cli/help/text.ts'
import { rangeOptions, testCommitOptions } from '#cli/options/bisect.ts'
import { parseBisectOptions } from '#cli/options/bisect-request.ts'
import * as shared from '#cli/options/shared.ts'
import { given } from '#cli/options/values.ts'
import { INTERRUPTED } from '#cli/output/exit-code.ts'
import { probeOut, readAssets, REPORTS_OUT, terminalOf, writeOut } from '#cli/output/files.ts'
import { createProgress, type Progress } from '#cli/output/progress.ts'
import { doBoth, print } from '#cli/output/streams.ts'
import { createKernelContext } from '#cli/terminal/kernel-context.ts'
import { untilSignal } from '#cli/terminal/signals.ts'

const FORMATS = {
  terminal: (bisection: Bisection) => renderBisection(bisection, terminalOf(process.stdout)),
  json: renderBisectionJson,
  markdown: renderBisectionMarkdown,
  html: async (bisection: Bisection) => renderBisectionHtml(bisection, await readAssets(BISECTION_ASSETS)),
} as const

/** Files that are left, by name. */
const LEFT = [
  ['bisection.json', 'json'],
  ['bisection.md', 'markdown'],
  ['bisection.html', 'html'],
] as const

function declareOptions(command: Command) {
  return rangeOptions(testCommitOptions(command))
    .addOption(shared.resume('bisection'))
    .addOption(
      new Option('--export <file>', 'write a script that does the same with git bisect run, and stop').helpGroup('Results:'),
    )
    .addOption(shared.format(['terminal', 'json', 'markdown', 'html']))
    .addOption(shared.json('the report').conflicts('format'))
    .addOption(shared.out('folder for the report (default: reports/out/bisect-ID)'))
}

type BisectOptions = shared.OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('[paths...]', 'behind --: only commits that touch these')
    .description('Find the commit that brought a bug, or its fix.')
    .addHelpText('after', HELP)
    .action(async (paths, options) => {
      process.exitCode = await bisectCommand(paths, options)
    })
}

const HELP = helpText({
  remarks: [
    `kwitness asks both ends first: one must show the bug, the other must not. Which of them does says what it looks for. It skips
    a commit that does not build or boot, or crashes for another reason. A race without a decision gets more time.`,
  ],
  exits: { 0: 'the commit was found', 1: 'commits without an answer hide it: kwitness names those it may be' },
  examples: [
    ['between two tags', 'kwitness bisect --tree linux --cases uffd-copy-vs-fork --old v5.10.100 --new v5.10.150 -- mm fs'],
    ['from a boundary of the newest run', 'kwitness bisect --tree linux --from-boundary uffd-wp-mremap:6.1.y'],
    ['from a bisection of git', 'git bisect log >log && kwitness bisect --cases gup-fast-vs-fork --replay log'],
    ['after Ctrl-C or a crash', 'kwitness bisect --resume'],
  ],
})

/** Bisect and return the exit code: 0 when the commit was found, 1 when commits that give no answer hide it. */
async function bisectCommand(paths: readonly string[], options: BisectOptions): Promise<number> {
  const form = options.json ? 'json' : (options.format ?? 'terminal')
  const progress = createProgress(process.stderr, () => performance.now())
  let stateFile: StateFile | null = null
  let found: Bisection | null = null
  if (options.export === undefined) await probeWorkspace(findWorkspace())
  if (options.export === undefined && (options.resume === undefined || options.out !== undefined)) {
    await probeOut(outOf(options, null) ?? REPORTS_OUT)
  }
  try {
    const finished = await untilSignal(async (signal) => {
      const context = createKernelContext(options, progress, signal, { inWorktree: true })
      if (options.export !== undefined) return exportScript(options.export, await exportedOf(paths, options, context))
      stateFile = await openStateFile(paths, options, context)
      const begun = stateFile
      const out = outOf(options, begun)
      await begun.save(given({ out }))
      await probeOut(out ?? REPORTS_OUT)
      // Not the store of runs: reports and boundaries must not include steps of a bisection.
      const store = await openStore(begun.folder)
      try {
        found = await bisect({
          stateFile: begun,
          store,
          kernels: context,
          onEvent: progress.onEvent,
          prepare: (kernel, kept) => prepareFor(kernel, kept, begun, { options, context, progress }),
          ...given({ cores: options.cores }),
        })
      } finally {
        store.close()
        await begun.save({ owner: null })
      }
    })
    progress.end()
    if (options.export !== undefined) return finished ? 0 : INTERRUPTED
    return finished && found !== null ? await conclude(found, form, outOf(options, stateFile)) : leave(stateFile)
  } catch (error) {
    progress.end()
    if (error instanceof InfraError && stateFile !== null) leave(stateFile)
    throw error
  }
}

async function openStateFile(paths: readonly string[], options: BisectOptions, context: KernelContext): Promise<StateFile> {
  const { workspace } = context
  const stateFile =
    options.resume === undefined
      ? await beginState(await parseBisectOptions(options, paths, context), new Date().toISOString(), workspace)
      : await resumeState(options.resume, workspace)
  const { id, request } = stateFile.state()
  const { old, new: newer, case: theCase } = request
  const message = `${theCase.id} from ${old.name} to ${newer.name}`
  context.progress?.({ kernel: `bisection ${id}`, message, doneBytes: null, totalBytes: null })
  return stateFile
}

/** The folder that was named for the report, now or when the bisection began. */
function outOf({ out }: BisectOptions, stateFile: StateFile | null): string | undefined {
  return out === undefined ? stateFile?.state().out : resolve(out)
}

interface PrepareContext {
  readonly options: BisectOptions
  readonly context: KernelContext
  readonly progress: Progress
}

/** The plan that every run of a bisection shares but for its kernels, and the programs. */
async function prepareFor(
  kernel: Kernel,
  kept: PlanOf<'bisect'> | null,
  stateFile: StateFile,
  { options, context, progress }: PrepareContext,
): Promise<PreparedBisection> {
  const { case: theCase, seed, maxMissProbability, raceSeconds } = stateFile.state().request
  if (kept) return { plan: kept, inputs: await makeGuestInputs([theCase], context) }
  const what = { kernels: [kernel.id], cases: [theCase.id], catalogue: dirname(theCase.folder), noSnapshot: false }
  const how = { seed, maxMissProbability, raceSeconds, ...given({ accelerator: options.accel }) }
  const { common, inputs } = await prepare({ ...what, ...how }, context, progress.onEvent)
  return { plan: { ...common, kind: 'bisect', controls: [], measure: null }, inputs }
}

async function conclude(bisection: Bisection, form: keyof typeof FORMATS, out: string | undefined): Promise<number> {
  const folder = out ?? join(REPORTS_OUT, `bisect-${bisection.id}`)
  const writeAll = async (): Promise<void> => {
    for (const [name, one] of LEFT) await writeOut(join(folder, name), await FORMATS[one](bisection))
    await writeOut(join(folder, 'bisect.log'), `${bisection.log}\n`)
  }
  await doBoth(writeAll(), print(await FORMATS[form](bisection), form !== 'terminal'))
  console.error(`kwitness: report: ${join(folder, 'bisection.html')}`)
  return bisection.end.kind === 'found' ? 0 : 1
}

function leave(stateFile: StateFile | null): number {
  if (stateFile)
    console.error(`kwitness: stopped; what is done is kept. kwitness bisect --resume ${stateFile.state().id} goes on`)
  return INTERRUPTED
}

/** What to export: the request, and the log so far of a bisection that has begun. */
async function exportedOf(paths: readonly string[], options: BisectOptions, context: KernelContext) {
  if (options.resume === undefined) return { request: await parseBisectOptions(options, paths, context), log: '' }
  const stateFile = await resumeState(options.resume, context.workspace)
  await stateFile.save({ owner: null })
  const { request } = stateFile.state()
  return { request, log: await readFile(join(stateFile.folder, 'git', 'BISECT_LOG'), 'utf8').catch(() => '') }
}

async function exportScript(file: string, { request, log }: Awaited<ReturnType<typeof exportedOf>>): Promise<void> {
  const { folder } = request.case
  const script = 'tar -cz --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$1" "$2" | base64 --wrap=0'
  const { stdout } = await runScript(script, [dirname(folder), basename(folder)])
  await writeOut(file, renderBisectScript(request, stdout.trim(), log))
  await chmod(file, 0o755)
  console.error(`kwitness: script: ${file}`)
}

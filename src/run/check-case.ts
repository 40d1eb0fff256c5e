/** Checks one case in seconds: its data, what is left of the template, its program, and its self-checks on one kernel. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { reportProgress } from '#harness/kernels/provider/provider.ts'
import { openScratch } from '#harness/support/scratch.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import type { ReportCell } from '#domain/report/matrix.ts'
import { executeRun, reportOf, startRun } from './lifecycle.ts'
import { readCase } from './prepare/catalogue.ts'
import { knownContradictions } from './report/known-contradictions.ts'
import { oneKernel } from './prepare/one-kernel.ts'
import { findPlaceholders } from './prepare/placeholders.ts'
import { prepare } from './prepare/prepare.ts'
import { buildReproducer } from './prepare/reproducers.ts'
import type { RunEventListener } from './context/events.ts'

/** What was checked, in this order: a later check is made only after those that it needs have passed. */
type CaseCheckName = 'case.json' | 'changelogs' | 'placeholders' | 'compiles' | 'self-checks'

export interface CaseCheck {
  readonly name: CaseCheckName
  readonly passed: boolean
  /** For people: what was found, or what is wrong and where. */
  readonly detail: string
}

export interface CaseCheckRequest {
  /** Folder of the catalogue. */
  readonly catalogue: string
  readonly id: string
  /** Selectors that mean one kernel; a cached kernel of the default set when not given. */
  readonly kernels?: readonly string[]
}

/** Guest seconds for a race: enough for its self-checks. */
const RACE_SECONDS = 1

/** The kernel to check on: one that is in the cache, the newest of the default set. Throws UserError where several are meant. */
async function chooseKernel({ kernels: wanted, id }: CaseCheckRequest, context: KernelContext): Promise<string> {
  const kernels = await selectKernels(wanted ?? ['default'], context)
  if (wanted !== undefined) {
    return oneKernel(kernels, {
      rule: 'a case is checked on one kernel',
      selector: wanted.join(','),
      line: (kernel) => `kwitness cases check ${id} --kernels ${kernel}`,
      note: (text) => reportProgress(context, null, text),
    }).id
  }
  const chosen = kernels.findLast(({ state }) => state === 'cached') ?? kernels.at(-1)
  if (!chosen) throw new UserError('no kernel was chosen', 'kwitness kernels list shows what is available')
  return chosen.id
}

/** Run the case on the kernel, in a store of its own that is removed again. */
async function runOn(
  kernel: string,
  request: CaseCheckRequest,
  context: KernelContext,
  onEvent: RunEventListener,
): Promise<ReportCell> {
  const folder = await openScratch(context.workspace.cache)
  try {
    const { catalogue, id } = request
    const wanted = { kernels: [kernel], cases: [id], catalogue, noSnapshot: false, raceSeconds: RACE_SECONDS }
    const { common, inputs } = await prepare(wanted, context, onEvent)
    await mkdir(join(folder, 'state'))
    const run = await startRun(join(folder, 'state'), { ...common, kind: 'matrix' }, inputs)
    try {
      await executeRun(run, { kernels: context, onEvent })
      const [cell] = (await reportOf(run)).report.cells
      if (!cell) throw new UserError(`${kernel} gave no result for ${id}`)
      return cell
    } finally {
      run.store.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Check a case. Each check is given as soon as it is made. Throws UserError for no case of this id, a selector that means
 * several kernels, and what fetching a kernel throws.
 */
export async function* checkCase(
  request: CaseCheckRequest,
  context: KernelContext,
  onEvent: RunEventListener,
): AsyncGenerator<CaseCheck> {
  const folder = join(request.catalogue, request.id)
  const names = await readdir(request.catalogue).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`the catalogue ${request.catalogue} cannot be read: ${error.code}`)
  })
  if (!names.includes(request.id)) {
    throw new UserError(`there is no case ${request.id} in ${request.catalogue}`, 'kwitness cases lists them')
  }
  let theCase: Case
  try {
    theCase = await readCase(folder, request.id)
    yield { name: 'case.json', passed: true, detail: theCase.title }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return yield { name: 'case.json', passed: false, detail: error.message }
  }
  const [contradiction, ...others] = (await knownContradictions([theCase], context)).get(theCase.id) ?? []
  const more = others.length > 0 ? `; and ${others.length} more: kwitness cases show ${theCase.id}` : ''
  yield {
    name: 'changelogs',
    passed: contradiction === undefined,
    detail: contradiction
      ? `${contradiction.summary}: ${contradiction.source}${more}`
      : 'none in the cache contradicts case.json',
  }
  const places = (await findPlaceholders(folder)).map(({ file, line }) => `${file}:${line}`)
  const left = places.length === 0 ? 'none is left' : `fill in ${places.join(', ')}`
  yield { name: 'placeholders', passed: places.length === 0, detail: left }
  try {
    const { path } = await buildReproducer(context.workspace.cache, theCase)
    yield { name: 'compiles', passed: true, detail: path }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return yield { name: 'compiles', passed: false, detail: error.message }
  }
  const kernel = await chooseKernel(request, context)
  const { verdict, summary } = await runOn(kernel, request, context, onEvent)
  const passed = verdict !== 'error' && verdict !== 'no-result'
  yield { name: 'self-checks', passed, detail: `${kernel}: ${verdict}. ${summary}` }
}

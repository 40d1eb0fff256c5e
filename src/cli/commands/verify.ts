/** `kwitness verify`: a patch on its bases, each before and after in one run, and what is to be said of it. */
import { dirname, join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import type { KernelContext } from '#harness/kernels/index.ts'
import { runCommand } from '#harness/support/process.ts'
import { verificationOf, type Verification } from '#analysis/verify/report.ts'
import { InvariantError, UserError } from '#domain/errors.ts'
import type { VerifyPlan } from '#domain/report/verify.ts'
import { renderVerify, renderVerifyJson, renderVerifyMarkdown } from '#render/verify/text.ts'
import { renderVerifyHtml, VERIFY_ASSETS } from '#render/verify/html.ts'
import { renderVerifyB4, testedBy } from '#render/verify/trailers.ts'
import { verifyPlan } from '#plan/verify.ts'
import { reportOf, resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { findBases, readSeries, targetsOf, tryBase } from '#run/verify/verify.ts'
import { exitCodeOfVerification } from '../output/exit-code.ts'
import { writeReport, print, readAssets, REPORTS_OUT, terminalOf, writeOut } from '../output/files.ts'
import type { Progress } from '../output/progress.ts'
import { printProblems } from '../output/problems.ts'
import type { SessionOptions } from '../options/session.ts'
import type { TimingsKeeper } from '../output/timings.ts'
import { parseRunOptions } from '../options/run.ts'
import { executeCommand } from '../terminal/execute.ts'

export interface VerifyOptions extends SessionOptions {
  readonly tree?: readonly string[]
  readonly base?: readonly string[]
  readonly patch?: string
  readonly case?: string
  readonly cases?: readonly string[]
  readonly each?: true
  readonly config?: readonly string[]
  readonly resume?: string | true
  readonly format?: string
  readonly json?: true
  readonly tester?: string
  readonly url?: string
  readonly out?: string
  readonly bound?: string
  readonly raceSeconds?: string
  readonly catalogue?: string
  readonly freshBoot?: true
  /** False with --no-fork. */
  readonly fork?: boolean
}

const FORMATS = ['terminal', 'markdown', 'html', 'json', 'b4', 'tested-by'] as const
type Format = (typeof FORMATS)[number]

/** Files that are left, by name. */
const LEFT = [
  ['verify.md', 'markdown'],
  ['verify.html', 'html'],
  ['verify.json', 'json'],
  ['b4.json', 'b4'],
  ['tested-by.txt', 'tested-by'],
] as const

function readFormat({ format, json }: VerifyOptions): Format {
  const word = json ? 'json' : (format ?? 'terminal')
  const found = FORMATS.find((one) => one === word)
  if (found) return found
  throw new UserError(`--format does not know ${word}`, `it knows: ${FORMATS.join(', ')}`)
}

/** The plan of a verification, its kernels built; null where no guest is needed for the answer. */
interface Begun {
  readonly wanted: VerifyPlan
  readonly opened: OpenRun | null
}

async function begin(options: VerifyOptions, context: KernelContext, progress: Progress): Promise<Begun> {
  const { tree: trees = [], patch, each = false } = options
  if (trees.length === 0) throw new UserError('verify needs a --tree', 'such as debian-5.10, or a folder with a kernel source')
  if (patch === undefined) throw new UserError('verify needs a --patch', 'a file, an mbox, a commit of the tree, or -')
  const catalogue = await readCatalogue(options.catalogue ?? CATALOGUE)
  const bases = await findBases(trees, options.base ?? [])
  const patches = await readSeries(patch, bases, () => textOf(process.stdin))
  const targets = targetsOf(patches, catalogue, options.case === undefined ? undefined : [options.case])
  const cases = [...new Set([...selectCases(catalogue, options.cases ?? ['all']).map(({ id }) => id), ...targets])]
  const found: VerifyPlan['bases'][number][] = []
  for (const base of bases) found.push(await tryBase(base, { patches, configs: options.config ?? [], each }, context))
  const wanted: VerifyPlan = {
    patches: patches.map(({ name, subject, commits }) => ({ name, subject, commits })),
    targets,
    each,
    bases: found,
  }
  const kernels = kernelsOf(wanted)
  if (kernels.length === 0) return { wanted, opened: null }
  const request = { ...parseRunOptions(options), kernels, cases }
  const { common, inputs } = await prepare(request, context, progress.onEvent)
  progress.end()
  process.stderr.write(`kwitness: plan: ${kernels.length} kernels x ${cases.length} cases, before and after in one run\n`)
  return { wanted, opened: await startRun(context.workspace.state, verifyPlan(common, wanted), inputs) }
}

/** Each base before what was made of it; only where there is something to hold against it. */
function kernelsOf({ bases }: VerifyPlan): string[] {
  return [
    ...new Set(
      bases.flatMap(({ kernel, steps }) => {
        const built = steps.filter(({ buildError }) => buildError === null).map((step) => step.kernel)
        return built.length > 0 && steps.at(-1)?.buildError === null ? [kernel, ...built] : []
      }),
    ),
  ]
}

/** Verify and give the exit code. */
export async function verify(options: VerifyOptions): Promise<number> {
  const format = readFormat(options)
  let early: VerifyPlan | null = null
  const code = await executeCommand(options, {
    command: 'kwitness verify',
    open: async (context, progress) => {
      const { resume } = options
      if (resume !== undefined) {
        return resumeRun({ which: resume, folder: context.workspace.state, kinds: ['verify'] }, context)
      }
      const begun = await begin(options, context, progress)
      if (begun.opened === null) early = begun.wanted
      return begun.opened
    },
    conclude: (opened, timings) => conclude(opened, options, format, timings),
  })
  if (early === null || code !== 0) return code
  const verification = verificationOf(early, null)
  await tell(verification, options, format, options.out ?? join(REPORTS_OUT, 'verify'))
  return exitCodeOfVerification(verification.bases.map(({ status }) => status))
}

async function conclude(opened: OpenRun, options: VerifyOptions, format: Format, timings: TimingsKeeper): Promise<number> {
  const { plan, record } = opened
  if (plan.kind !== 'verify') throw new InvariantError(`run ${record.id} is of kind ${plan.kind}, not verify`)
  const { report, problems } = await timings.report('assemble', () => reportOf(opened))
  printProblems(problems)
  const page = await timings.report('render', () => writeReport(report, options.out))
  const verification = verificationOf(plan.verify, report)
  await tell(verification, options, format, dirname(page))
  await timings.tell(record.id, join(dirname(page), 'trace.json'))
  return exitCodeOfVerification(verification.bases.map(({ status }) => status))
}

/** Leave every form of it in a folder, and print the one that was asked for. */
async function tell(verification: Verification, options: VerifyOptions, format: Format, folder: string): Promise<void> {
  const tester = options.tester ?? (await testerOf())
  const render: Readonly<Record<Exclude<Format, 'terminal'>, string>> = {
    markdown: renderVerifyMarkdown(verification, tester),
    html: renderVerifyHtml(verification, tester, await readAssets(VERIFY_ASSETS)),
    json: renderVerifyJson(verification),
    b4: renderVerifyB4(verification, options.url ?? ''),
    'tested-by': `${testedBy(verification, tester).join('\n')}\n`,
  }
  for (const [name, one] of LEFT) await writeOut(join(folder, name), render[one])
  await writeOut(join(folder, 'verify.txt'), renderVerify(verification, tester, { width: 100, colour: false, ascii: false }))
  for (const { kernel, exact } of verification.bases) {
    if (exact !== null) await writeOut(join(folder, `exact-${kernel}.patch`), exact)
  }
  await print(format === 'terminal' ? renderVerify(verification, tester, terminalOf(process.stdout)) : render[format])
  console.error(`kwitness: report: ${join(folder, 'verify.html')}`)
}

/** Who git says works here; a place to fill in where it does not. */
async function testerOf(): Promise<string> {
  const ask = async (key: string) => {
    const result = await runCommand('git', ['config', key], { anyExit: true }).catch(() => null)
    return result?.exitCode === 0 ? result.stdout.trim() : ''
  }
  const [name, mail] = [await ask('user.name'), await ask('user.email')]
  return name === '' || mail === '' ? 'YOUR NAME <YOUR MAIL>' : `${name} <${mail}>`
}

/** `kwitness verify`: a patch on its bases, each before and after in one run, and what is to be said of it. */
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Option, type Command } from '@commander-js/extra-typings'
import type { KernelContext } from '#harness/kernels/index.ts'
import { readUserSetting } from '#harness/support/git.ts'
import { verificationOf, type Status, type Verification } from '#analysis/verify/report.ts'
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
import { helpText } from '../help/text.ts'
import { runRequest } from '../options/run.ts'
import * as shared from '../options/shared.ts'
import { given, readAgain, readCases } from '../options/values.ts'
import { exitCodeOfVerification } from '../output/exit-code.ts'
import { writeReport, readAssets, openNumberedFolder, terminalOf, writeOut } from '../output/files.ts'
import type { Progress } from '../output/progress.ts'
import { printProblems, tellSkipped } from '../output/problems.ts'
import type { TimingsKeeper } from '../output/timings.ts'
import { doBoth, print } from '../output/streams.ts'
import { executeCommand } from '../terminal/execute.ts'

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

const WHAT = 'What to test:'
const RESULTS = 'Results:'

const trees = new Option(
  '--tree <source>',
  'the kernel source: a folder, a git tree, a tarball or debian-5.10; may be given again',
)
  .argParser(readAgain)
  .helpGroup(WHAT)

const bases = new Option('--base <rev>', 'a revision of the git tree to put the patch on; may be given again')
  .argParser(readAgain)
  .helpGroup(WHAT)

const targets = new Option(
  '--target <ids>',
  'the cases that the patch must fix (default: those whose fix has its subject or commit)',
)
  .argParser(readCases)
  .helpGroup(WHAT)

function declareOptions(command: Command) {
  const what = command
    .addOption(trees)
    .addOption(bases)
    .addOption(
      new Option('--patch <what>', 'a file, an mbox, a commit (or A..B) of the git tree, or - for standard input').helpGroup(
        WHAT,
      ),
    )
    .addOption(targets)
    .addOption(shared.cases)
    .addOption(shared.catalogue)
    .addOption(new Option('--each', 'test each patch of a series against the one before it, too').helpGroup(WHAT))
    .addOption(shared.config)
    .addOption(shared.resume('verification', ['accel']))
  return shared
    .machineOptions(shared.certaintyOptions(what).addOption(shared.snapshot).addOption(shared.fork))
    .addOption(shared.format(FORMATS))
    .addOption(shared.json('the verification').conflicts('format'))
    .addOption(shared.out('folder for the report in all formats (default: reports/out/RUN)'))
    .addOption(
      new Option('--tester <who>', "'Name <mail>' for Tested-by: (default: of the git configuration)").helpGroup(RESULTS),
    )
    .addOption(new Option('--url <url>', 'where the report can be read, for b4').helpGroup(RESULTS))
    .addOption(shared.timings)
}

type VerifyOptions = shared.OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .description('Put a patch on one or more bases, build each before and after, test both in one run, and compare.')
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await verify(options)
    })
}

/** What each status says of a patch on a base. */
const STATUS_MEANINGS: Readonly<Record<Status, string>> = {
  fixes: 'the target goes from lacks to carries, no other verdict changes',
  unchanged: 'the patch has no target, and no verdict changes',
  'no-effect': 'it applies and builds, but the target still lacks the fix',
  'breaks-other-case': 'another case shows a bug that it did not show, or cannot be asked any more',
  'does-not-apply': 'a hunk does not fit the base',
  'does-not-build': 'the compiler refuses it',
  'does-not-boot': 'the guest does not come up',
  'new-splat': 'the kernel reports what the base does not',
  'new-warnings': 'the compiler warns in a touched file of what it does not in the base',
  'nothing-to-fix': 'the base does not show the bug of the target',
  inconclusive: 'a statistical case shows no hit any more, and the trials are too few to decide',
  'already-applied': 'the base has the patch already, exactly or in another form',
  'no-answer': 'the base does not build, or guests gave no answer',
}

const HELP = helpText({
  remarks: [
    `--cases names the cases to compare before and after (default: all). Plain trees and tarballs will do. In a git tree, kwitness
    names the commits that a patch waits for where it does not apply.`,
  ],
  terms: {
    'Status of a base': Object.entries(STATUS_MEANINGS),
  },
  exits: {
    0: 'fixes, or unchanged, on every base that does not have the patch yet',
    1: 'any other status of the patch, on any base',
    3: 'no-answer, infrastructure',
    4: 'already-applied, on every base',
  },
  examples: [
    ["on Debian's source", 'kwitness verify --tree debian-5.10 --patch my.patch --target uffd-mmap-changing-atomic'],
    [
      'a commit of mainline on two stable releases',
      'kwitness verify --tree linux --base v6.1.170 --base v6.12.85 --patch a759a909d42d',
    ],
    ['a series, patch by patch', "kwitness verify --tree linux --patch series.mbox --each --cases 'uffd-*' --format markdown"],
    ['the check command of b4 review', 'kwitness verify --tree linux --patch - --format b4'],
  ],
})

/** The plan of a verification, its kernels built; null where no guest is needed for the answer. */
interface Begun {
  readonly wanted: VerifyPlan
  readonly opened: OpenRun | null
}

async function begin(options: VerifyOptions, context: KernelContext, progress: Progress): Promise<Begun> {
  const { tree: sources = [], patch, each = false } = options
  if (sources.length === 0) throw new UserError('verify needs --tree', 'such as debian-5.10, or a folder with a kernel source')
  if (patch === undefined) throw new UserError('verify needs --patch', 'a file, an mbox, a commit of the tree, or -')
  const catalogue = await readCatalogue(options.catalogue ?? CATALOGUE)
  const requested = await findBases(sources, options.base ?? [])
  const patches = await readSeries(patch, requested, {
    input: () => buffer(process.stdin),
    cache: context.workspace.cache,
    onNote: (note) => console.error(`kwitness: ${note}`),
  })
  const fixed = targetsOf(patches, catalogue, options.target)
  const cases = [...new Set([...selectCases(catalogue, options.cases ?? ['all']).map(({ id }) => id), ...fixed])]
  const found: VerifyPlan['bases'][number][] = []
  const request = { patches, configs: options.config ?? [], each, cases: catalogue.filter(({ id }) => cases.includes(id)) }
  for (const base of requested) found.push(await tryBase(base, request, context))
  const wanted: VerifyPlan = {
    patches: patches.map(({ name, subject, commits }) => ({ name, subject, commits })),
    targets: fixed,
    each,
    bases: found,
  }
  const kernels = kernelsOf(wanted)
  if (kernels.length === 0) return { wanted, opened: null }
  const runOptions = runRequest({ ...options, kernels, cases })
  const { common, inputs } = await prepare(runOptions, context, progress.onEvent)
  progress.end()
  process.stderr.write(`kwitness: plan: ${kernels.length} kernels x ${cases.length} cases, before and after in one run\n`)
  return { wanted, opened: await startRun(context.workspace.state, verifyPlan(common, wanted), inputs) }
}

/** Each base before what was made of it; only where there is something to hold against it. */
function kernelsOf(plan: VerifyPlan): string[] {
  return [
    ...new Set(
      plan.bases.flatMap(({ kernel, steps }) => {
        const built = steps.filter(({ buildError }) => buildError === null).map((step) => step.kernel)
        return built.length > 0 && steps.at(-1)?.buildError === null ? [kernel, ...built] : []
      }),
    ),
  ]
}

/** Verify and give the exit code. */
async function verify(options: VerifyOptions): Promise<number> {
  const format = options.json ? 'json' : (options.format ?? 'terminal')
  let early: VerifyPlan | null = null
  const code = await executeCommand(options, {
    command: 'kwitness verify',
    open: async (context, progress) => {
      const { resume } = options
      if (resume !== undefined) {
        return resumeRun({ which: resume, folder: context.workspace.state, kinds: ['verify'], onSkipped: tellSkipped }, context)
      }
      const begun = await begin(options, context, progress)
      if (begun.opened === null) early = begun.wanted
      return begun.opened
    },
    conclude: (opened, timings, out) => conclude(opened, { ...options, ...given({ out }) }, format, timings),
  })
  if (early === null || code !== 0) return code
  const verification = verificationOf(early, null)
  await tell(verification, options, format, options.out ?? (await openNumberedFolder('verify')))
  return exitCodeOfVerification(verification.bases.map(({ status }) => status))
}

async function conclude(opened: OpenRun, options: VerifyOptions, format: Format, timings: TimingsKeeper): Promise<number> {
  const { plan, record } = opened
  if (plan.kind !== 'verify') throw new InvariantError(`run ${record.id} is of kind ${plan.kind}, not verify`)
  const { report, problems } = await reportOf(opened)
  printProblems(problems)
  const page = await writeReport(report, options.out)
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
  const leave = async (): Promise<void> => {
    for (const [name, one] of LEFT) await writeOut(join(folder, name), render[one])
    await writeOut(join(folder, 'verify.txt'), renderVerify(verification, tester, { width: 100, colour: false, ascii: false }))
    for (const { kernel, exact } of verification.bases) {
      if (exact !== null) await writeOut(join(folder, `exact-${kernel}.patch`), exact)
    }
  }
  const text = format === 'terminal' ? renderVerify(verification, tester, terminalOf(process.stdout)) : render[format]
  await doBoth(leave(), print(text, format !== 'terminal'))
  console.error(`kwitness: report: ${join(folder, 'verify.html')}`)
}

/** Who git says works here; a place to fill in where it does not. */
async function testerOf(): Promise<string> {
  const [name, mail] = [(await readUserSetting('user.name')) ?? '', (await readUserSetting('user.email')) ?? '']
  return name === '' || mail === '' ? 'YOUR NAME <YOUR MAIL>' : `${name} <${mail}>`
}

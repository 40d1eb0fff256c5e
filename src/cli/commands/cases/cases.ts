/** `kwitness cases`: the catalogue, cases of it, a new one from the template, and whether one is complete. */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Argument, type Command } from '@commander-js/extra-typings'
import { exists, findWorkspace, makeFolder, writeAt } from '#harness/support/workspace.ts'
import type { Case, Fix, SymptomEnding } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import type { CaseContradiction } from '#domain/report/matrix.ts'
import { oneLine } from '#render/text/format.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { knownContradictions } from '#run/report/known-contradictions.ts'
import { helpText } from '#cli/help/text.ts'
import { checkOptions } from '#cli/options/cases-check.ts'
import { catalogue, json, out, type OptionsOf } from '#cli/options/shared.ts'
import { readCases } from '#cli/options/values.ts'
import { print } from '#cli/output/streams.ts'

const readOptions = (command: Command) => command.addOption(catalogue).addOption(json('the cases'))
const buildOptions = (command: Command) =>
  command.addOption(catalogue).option('--all', 'every case of the catalogue, in one file').addOption(out('the program to write'))
const newOptions = (command: Command) => command.addOption(catalogue)

/** Declare the command with its subcommands. */
export function declare(command: Command) {
  command.description('List, show and check cases, or make a new one.').helpCommand(false).addHelpText('after', HELP)
  readOptions(command.command('list', { isDefault: true }))
    .description('List the catalogue: id, oracle and title of each case.')
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await listCases(options)
    })
  readOptions(command.command('show'))
    .addArgument(new Argument('<ids...>', 'case ids or globs').argParser(readCases))
    .description('Show cases: the fix, the symptom, what it needs, what is claimed, and how it was proven.')
    .addHelpText('after', SHOW_HELP)
    .action(async (ids, options) => {
      process.exitCode = await showCases(ids, options)
    })
  newOptions(command.command('new'))
    .argument('<id>', 'its id, the name of its folder: small letters, digits and single hyphens')
    .description('Make a new case from the template. It builds and runs as it is.')
    .addHelpText('after', HELP)
    .action(async (id, options) => {
      process.exitCode = await newCase(id, options)
    })
  checkOptions(command.command('check'))
    .argument('<id>', 'id of the case')
    .description(
      'Check a case in seconds: its data, placeholders, its program, and its self-checks on one kernel (default: a cached one).',
    )
    .addHelpText('after', HELP)
    .action(async (id, options) => {
      const { checkCaseCommand } = await import('./check.ts')
      process.exitCode = await checkCaseCommand(id, options)
    })
  buildOptions(command.command('build'))
    .addArgument(new Argument('[ids...]', 'case ids or globs').argParser(readCases))
    .description('Build static programs for the running kernel of another machine: of one case, or of many in one file.')
    .addHelpText('after', BUILD_HELP)
    .action(async (ids, options) => {
      const { buildCasesCommand } = await import('./build.ts')
      process.exitCode = await buildCasesCommand(ids, options)
    })
}

const HELP = helpText({
  examples: [
    ['all of them', 'kwitness cases'],
    ['what a case tests, and which commits fixed it', 'kwitness cases show gup-fast-vs-fork'],
    ['begin a case', 'kwitness cases new mm-my-fix'],
    ['is it complete, does it compile, do its self-checks pass?', 'kwitness cases check mm-my-fix'],
    ['one static file with all of them, for other machines', 'kwitness cases build --all --out kwitness-check'],
  ],
})

const BUILD_HELP = helpText({
  remarks: [
    'One case gives its reproducer: it prints KTAP, and "not ok" means that the bug was seen. It takes no care of the machine.',
    'Several, or --all, give kwitness-check: one static file without Node that runs them with limits and leaves nothing behind.',
  ],
  examples: [
    ['one reproducer', 'kwitness cases build pagemap-unknown-ioctl --out /tmp/repro'],
    ['all of them, for machines without kwitness', 'kwitness cases build --all --out kwitness-check'],
  ],
})

const SHOW_HELP = helpText({
  remarks: ['The releases in case.json are held against the package changelogs that earlier runs left in the cache.'],
  exits: { 0: 'no changelog contradicts these cases', 1: 'one contradicts a release that case.json names' },
  examples: [['what a case tests, and which commits fixed it', 'kwitness cases show gup-fast-vs-fork']],
})

const hashWords = (commit: Fix['commit']): string =>
  commit === 'unknown' ? 'hash not known' : (commit?.slice(0, 12) ?? 'never merged')
const fixWords = ({ commit, subject, cve }: Fix): string => [`${hashWords(commit)} ("${subject}")`, ...cve].join(' ')

const endingWords = (ending: SymptomEnding): string =>
  ending.kind === 'hang' ? `a hang of the ${ending.of}` : `a report of the kernel, /${ending.title}/`

/** List the catalogue and give the exit code. */
async function listCases(options: OptionsOf<typeof readOptions>): Promise<number> {
  const cases = await readCatalogue(options.catalogue ?? CATALOGUE)
  const line = (one: Case): string => `${one.id.padEnd(28)} ${one.oracle.padEnd(14)} ${one.title}`
  await print(options.json ? casesJson(cases) : cases.map(line).join('\n'), options.json)
  return 0
}

/** Cases as data, without the folders that they lie in on this machine. */
const casesJson = (cases: readonly Case[]): string =>
  JSON.stringify(
    cases.map(({ folder: _, ...data }) => data),
    null,
    2,
  )

/** Show cases and give the exit code. */
async function showCases(ids: readonly string[], options: OptionsOf<typeof readOptions>): Promise<number> {
  const cases = selectCases(await readCatalogue(options.catalogue ?? CATALOGUE), ids)
  const contradictions = await knownContradictions(cases, { workspace: findWorkspace() })
  const contradictionsOf = ({ id }: Pick<Case, 'id'>) => contradictions.get(id) ?? []
  const data = cases.map(({ folder: _, ...rest }) => ({ ...rest, contradictions: contradictionsOf(rest) }))
  await print(
    options.json ? JSON.stringify(data, null, 2) : cases.flatMap((one) => describeCase(one, contradictionsOf(one))).join('\n'),
    options.json,
  )
  return cases.some((one) => contradictionsOf(one).length > 0) ? 1 : 0
}

/** A case for a reader, in lines. */
function describeCase(one: Case, contradictions: readonly CaseContradiction[]): string[] {
  const { needs, claim } = one
  const releases = [`mainline ${claim.mainline ?? 'never'}`, ...Object.values(claim.stable)].join(', ')
  const modules = needs.modules.map(({ name, until }) => `, module ${name}${until === null ? '' : ` before ${until}`}`).join('')
  return [
    `${one.id}: ${one.title}`,
    ...one.fixes.map((fix) => `  fix         ${fixWords(fix)}`),
    `  introduced  ${one.introduced ?? 'not known'}`,
    `  symptom     ${one.symptom}`,
    ...(one.symptomEnding ? [`  ends by     ${endingWords(one.symptomEnding)}`] : []),
    ...(one.destructive ? ['  destructive where the bug is, it hurts the kernel that it runs on'] : []),
    `  oracle      ${one.oracle}, about ${one.timing.expectedSeconds} s in the guest, at most ${one.timing.timeoutSeconds} s`,
    `  needs       ${needs.cpus} vCPU, ${needs.memoryMiB} MiB${modules}`,
    `  claim       ${releases} (${claim.source})`,
    ...contradictions.map(
      ({ summary, source }) => `  contradicted by a changelog: ${oneLine(summary)}\n              ${oneLine(source)}`,
    ),
    `  proof       ${one.proof}`,
    ...one.references.map((reference) => `  see         ${reference}`),
    `  source      ${join(one.folder, 'repro.c')}`,
  ]
}

/** Make a new case from the template and give the exit code. Throws UserError for a bad or taken id. */
async function newCase(id: string, options: OptionsOf<typeof newOptions>): Promise<number> {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id))
    throw new UserError(`${id} is not a valid case id`, 'use small letters, digits and single hyphens, as in uffd-fork-event')
  const folder = join(options.catalogue ?? CATALOGUE, id)
  if (await exists(folder)) throw new UserError(`${folder} exists already`, 'choose another id, or go on with that case')
  await writeAt(folder, 'name another place with --catalogue', async () => {
    await makeFolder(folder)
    await cp(join(CATALOGUE, '_template'), folder, { recursive: true })
    for (const name of ['case.json', 'repro.c']) {
      const path = join(folder, name)
      await writeFile(path, (await readFile(path, 'utf8')).replaceAll('TEMPLATE', id))
    }
  })
  await print(`${folder}\n  fill in case.json and repro.c, then: kwitness cases check ${id}`)
  return 0
}

/** `kwitness explain`: the evidence behind a result, line by line. */
import type { Command } from '@commander-js/extra-typings'
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { kernelLabels, oneLine } from '#render/text/format.ts'
import { raceLines, raceText } from '#render/text/race.ts'
import { scheduleLines } from '#render/text/schedule.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { attemptDetails, type AttemptDetails } from '#run/results/details.ts'
import { findResult, type FoundResult } from '#run/results/find.ts'
import { helpText } from '#cli/help/text.ts'
import * as shared from '#cli/options/shared.ts'
import { detailLines } from '#cli/output/attempt-details.ts'
import { printProblems } from '#cli/output/problems.ts'
import { reasonLine } from '#cli/output/reason-line.ts'
import { explainSuite } from '#cli/output/suite.ts'
import { print } from '#cli/output/streams.ts'

const declareOptions = (command: Command) => command.addOption(shared.resultRun).addOption(shared.json('the result'))

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('<result>', shared.RESULT)
    .description('Show the evidence behind a result: each reason with its log, line and rule, and what the case said.')
    .addHelpText('after', HELP)
    .action(async (result, options) => {
      process.exitCode = await explain(result, options)
    })
}

const HELP = helpText({
  remarks: [shared.RESULT_NAMES],
  examples: [
    ['in the newest run that holds it', 'kwitness explain 5.10.262/uffd-mmap-changing-atomic'],
    ['in another run', 'kwitness explain 6.1.170-3/gup-fast-vs-fork --run 2026-01-31-1'],
    ['of a kernel that you built, by its version', 'kwitness explain 6.12.29/uffd-eagain-output'],
    ['one attempt, by its evidence id or the beginning of it', 'kwitness explain debian-6.1.170-3-cloud-amd64.uffd-wp-mremap'],
  ],
})

/** What a race rests on, in words and numbers; nothing for any other cell. */
function howSure(cell: ReportCell, { kernels }: Report): string[] {
  const labels = kernelLabels(kernels)
  const series = kernels.find(({ id }) => id === cell.kernel)?.series ?? ''
  const lines = [...raceLines(raceText(cell, series, (id) => labels.get(id) ?? id)), ...scheduleLines(cell.schedule)]
  return lines.length > 0 ? ['  how sure:', ...lines.map((line) => `    ${line}`)] : []
}

/** Print the evidence behind a verdict and give the exit code. */
async function explain(text: string, options: shared.OptionsOf<typeof declareOptions>): Promise<number> {
  const found = await findResult(findWorkspace().state, text, options.run)
  try {
    const names = { kernel: found.cell.kernel.id, case: found.cell.case.id }
    const details = await attemptDetails(found.store, found.run.id, names)
    if (found.plan.kind === 'suite') return await explainSuite(found, details, options.json === true)
    return await explainCell(found, details, options.json === true)
  } finally {
    found.store.close()
  }
}

async function explainCell(
  { store, run, runName, cell: planned, attempt: wanted }: FoundResult,
  details: ReadonlyMap<string, AttemptDetails>,
  json: boolean,
): Promise<number> {
  const { report, problems } = await buildRunReport(store, run, { only: planned.case.id })
  printProblems(problems)
  const cell = report.cells.find((one) => one.kernel === planned.kernel.id && one.case === planned.case.id)
  if (!cell) throw new UserError(`${runName} has not asked ${planned.kernel.id} for ${planned.case.id}`, 'kwitness run does')
  const shown = cell.attempts.filter(({ id }) => wanted === null || id === wanted)
  const contradictions = report.caseContradictions.filter(({ series }) => series === planned.kernel.series)
  if (json) {
    const attempts = shown.map((attempt) => ({ ...attempt, ...details.get(attempt.id) }))
    await print(JSON.stringify({ run: run.id, ...cell, caseContradictions: contradictions, attempts }, null, 2), true)
    return 0
  }
  const attempts = shown.flatMap((attempt) => [
    `  attempt ${attempt.attempt}: ${attempt.outcome}, ${attempt.ending}, ${attempt.seconds.toFixed(1)} s,` +
      ` seed ${attempt.seed}, ${attempt.origin} (${attempt.bootMethod})`,
    ...attempt.reasons.map(reasonLine),
    ...detailLines(details.get(attempt.id)),
  ])
  const others = cell.attempts.length - shown.length
  await print(
    [
      `${cell.kernel} ${cell.case}: ${cell.verdict}`,
      `  ${runName}`,
      `  ${oneLine(cell.summary)}`,
      `  claim: ${cell.claim} (${oneLine(cell.claimSource)}); finding: ${cell.finding}`,
      ...contradictions.map(({ summary, source }) => `  case data contradicted: ${oneLine(summary)} (${oneLine(source)})`),
      ...howSure(cell, report),
      ...attempts,
      ...(others > 0
        ? [`  and ${others} more attempt${others === 1 ? '' : 's'}: kwitness explain ${cell.kernel}/${cell.case}`]
        : []),
    ].join('\n'),
  )
  return 0
}

/** `kwitness explain`: the evidence behind a result, line by line. */
import type { Command } from '@commander-js/extra-typings'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { kernelLabels } from '#render/text/format.ts'
import { raceLines, raceText } from '#render/text/race.ts'
import { helpText } from '../help/text.ts'
import { findCell, splitCell } from '../options/cell-name.ts'
import * as shared from '../options/shared.ts'
import { print } from '../output/files.ts'
import { reasonLine } from '../output/reason-line.ts'
import { loadReport } from '../output/stored-report.ts'
import { explainSuite } from '../output/suite.ts'

const declareOptions = (command: Command) => command.addOption(shared.run).addOption(shared.json('the result'))

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('<result>', 'KERNEL/CASE; the kernel by its id or its version')
    .description('Show the evidence behind a result: each reason with its log, line and rule.')
    .addHelpText('after', HELP)
    .action(async (result, options) => {
      process.exitCode = await explain(result, options)
    })
}

const HELP = helpText({
  examples: [
    ['of the newest run', 'kwitness explain 5.10.262/uffd-mmap-changing-atomic'],
    ['of another one', 'kwitness explain 6.1.170-3/gup-fast-vs-fork --run 2026-01-31-1'],
  ],
})

/** What a race rests on, in words and numbers; nothing for any other cell. */
function howSure(cell: ReportCell, { kernels }: Report): string[] {
  const labels = kernelLabels(kernels)
  const series = kernels.find(({ id }) => id === cell.kernel)?.series ?? ''
  const lines = raceLines(raceText(cell, series, (id) => labels.get(id) ?? id))
  return lines.length > 0 ? ['  how sure:', ...lines.map((line) => `    ${line}`)] : []
}

/** Print the evidence behind a verdict and give the exit code. */
async function explain(text: string, options: shared.OptionsOf<typeof declareOptions>): Promise<number> {
  const { kind, report: loaded } = await loadReport(options.run, { only: splitCell(text).case })
  if (kind === 'suite') return explainSuite(loaded, text, options.json === true)
  const cell = findCell(loaded.run.id, loaded.cells, (one) => one, text)
  if (options.json) {
    await print(JSON.stringify(cell, null, 2))
    return 0
  }
  const attempts = cell.attempts.flatMap((attempt) => [
    `  attempt ${attempt.attempt}: ${attempt.outcome}, ${attempt.ending}, ${attempt.seconds.toFixed(1)} s,` +
      ` seed ${attempt.seed}, ${attempt.origin} (${attempt.bootMethod})`,
    ...attempt.reasons.map(reasonLine),
  ])
  const claim = `  claim: ${cell.claim} (${cell.claimSource}); finding: ${cell.finding}`
  const sure = howSure(cell, loaded)
  await print([`${cell.kernel} ${cell.case}: ${cell.verdict}`, `  ${cell.summary}`, claim, ...sure, ...attempts].join('\n'))
  return 0
}

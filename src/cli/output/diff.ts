/** Two reports compared: made, rendered, written beside the report of a run. */
import { join } from 'node:path'
import { diffOf } from '#analysis/diff/diff.ts'
import type { ComparedReport, RunDiff } from '#domain/report/diff.ts'
import { DIFF_ASSETS } from '#render/html/assets.ts'
import { DIFF_RENDERERS, type DiffFormat } from '#render/diff/index.ts'
import { isDisjoint } from './exit-code.ts'
import { assetsFor, terminalOf, writeOut } from './files.ts'
import { loadHistory } from './named-report.ts'

/** Earlier runs that are asked whether a kernel image gave both answers before. */
const HISTORY = 5

/** Compare two reports. Where an answer changed, stored runs before the older one are asked whether it is a flake. */
export async function compareReports(before: ComparedReport, after: ComparedReport): Promise<RunDiff> {
  const diff = diffOf(before, after)
  const [old, young] = [before.run, after.run]
  const note = (text: string): void => console.error(`kwitness: ${text}`)
  if (old.id === young.id && old.startedAt === young.startedAt) note(`run ${old.id} is compared with itself`)
  else if (old.startedAt > young.startedAt)
    note(`the older run, ${old.id}, is the newer one: swap the two to read what changed since`)
  if (isDisjoint(diff)) note(`runs ${old.id} and ${young.id} have no result in common: nothing is compared`)
  if (diff.counts.regressed + diff.counts.fixed === 0) return diff
  return diffOf(before, after, await loadHistory(before.run.id, HISTORY))
}

/** Render a comparison for standard output or a file. */
export async function renderDiff(diff: RunDiff, format: DiffFormat): Promise<string> {
  const assets = await assetsFor(format, DIFF_ASSETS)
  return DIFF_RENDERERS[format](diff, { terminal: terminalOf(process.stdout), assets })
}

/** Write a comparison to the folder of a report. Returns the path of the page. */
export async function writeDiff(diff: RunDiff, folder: string): Promise<string> {
  const page = join(folder, 'diff.html')
  await writeOut(join(folder, 'diff.json'), await renderDiff(diff, 'json'))
  await writeOut(page, await renderDiff(diff, 'html'))
  return page
}

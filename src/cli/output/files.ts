/** Where reports go: the terminal, standard output, or files. */
import { randomUUID } from 'node:crypto'
import { lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { startSpan } from '#harness/support/spans.ts'
import { makeFolder, probeFolder, replaceFile, whenUnreadable, writeAt } from '#harness/support/workspace.ts'
import type { RunDiff } from '#domain/report/diff.ts'
import type { Report } from '#domain/report/matrix.ts'
import { HTML_ASSETS, type HtmlAssets } from '#render/html/assets.ts'
import type { Format, RenderOptions } from '#render/index.ts'

const REPORTS = inRepository('reports')
/** Where what no other place is named for is left. */
export const REPORTS_OUT = join(REPORTS, 'out')
/** Files a run leaves, by name. */
const LEFT: readonly { readonly name: string; readonly format: Format }[] = [
  { name: 'index.html', format: 'html' },
  { name: 'report.json', format: 'json' },
  { name: 'report.ktap', format: 'ktap' },
]

const HINT = 'name another place with --out'

/** Files of reports/templates, joined by line breaks. */
async function readTemplates(names: readonly string[]): Promise<string> {
  return (await Promise.all(names.map((name) => readFile(join(REPORTS, 'templates', name), 'utf8')))).join('\n')
}

/** The texts of a page, from the files that make up each of them. */
export async function readAssets(files: Readonly<Record<keyof HtmlAssets, readonly string[]>>): Promise<HtmlAssets> {
  const [template, css, js] = await Promise.all([files.template, files.css, files.js].map(readTemplates))
  return { template: template ?? '', css: css ?? '', js: js ?? '' }
}

/** The texts of a page where the format is one; a format that is not needs none. */
export async function assetsFor(
  format: string,
  files: Readonly<Record<keyof HtmlAssets, readonly string[]>>,
): Promise<HtmlAssets> {
  return format === 'html' ? readAssets(files) : { template: '', css: '', js: '' }
}

/** What a stream can show, by the environment and by itself. */
export function terminalOf(stream: NodeJS.WriteStream): RenderOptions['terminal'] {
  const { NO_COLOR, FORCE_COLOR, LC_ALL, LC_CTYPE, LANG, TERM } = process.env
  const locale = LC_ALL || LC_CTYPE || LANG || ''
  return {
    width: stream.columns ?? 120,
    colour: FORCE_COLOR !== undefined || (stream.isTTY === true && !NO_COLOR && TERM !== 'dumb'),
    ascii: stream.isTTY === true && !/utf-?8/i.test(locale),
  }
}

/** Render a report for standard output. */
export async function renderReport(report: Report, format: Format, options: Additions = {}): Promise<string> {
  using _ = startSpan('render')
  return await render(report, format, options)
}

interface Additions {
  /** Whether JSON has the logs of all attempts. */
  readonly withLogs?: boolean | undefined
  /** What changed since an earlier run, for the page. */
  readonly diff?: RunDiff | undefined
}

async function render(report: Report, format: Format, { withLogs, diff }: Additions): Promise<string> {
  const [{ RENDERERS }, assets] = await Promise.all([import('#render/index.ts'), assetsFor(format, HTML_ASSETS)])
  return RENDERERS[format].render(report, { terminal: terminalOf(process.stdout), assets, logs: withLogs, diff })
}

/**
 * Write text to a file, making its folder. A disk that fills up leaves what was there before, not the beginning of a page.
 * Throws InfraError when the disk does not take it.
 */
export async function writeOut(path: string, text: string): Promise<void> {
  await writeAt(path, HINT, async () => {
    await makeFolder(dirname(path))
    const there = await lstat(path).catch(whenUnreadable(null))
    // A device, a pipe or a link is written to as it is.
    if (there !== null && !there.isFile()) return writeFile(path, text)
    return replaceFile(path, text)
  })
}

/** Make a folder for a report and write into it, so that a place that takes none is known before the work. */
export const probeOut = (folder: string): Promise<void> => probeFolder(folder, HINT)

/** Write every file of a run's report to its folder, `reports/out/RUN` when none is named. Returns the path of the page. */
export async function writeReport(report: Report, folder: string | undefined, options: Additions = {}): Promise<string> {
  using _ = startSpan('render')
  const files = LEFT.map(async ({ name, format }) => ({ name, text: await render(report, format, options) }))
  return join(await writeRenderings(report.run.id, await Promise.all(files), folder), 'index.html')
}

/** Leave files in a folder, `reports/out/RUN` when none is named; `latest` then leads there. Returns the folder. */
export async function writeRenderings(
  run: string,
  files: readonly { readonly name: string; readonly text: string }[],
  folder: string | undefined,
): Promise<string> {
  const place = folder ?? join(REPORTS_OUT, run)
  for (const { name, text } of files) await writeOut(join(place, name), text)
  if (folder === undefined) await writeAt(place, HINT, () => linkLatest(run))
  return place
}

/** Let `latest` lead to this run, also where two runs end at once: a rename replaces the link of the other. */
async function linkLatest(run: string): Promise<void> {
  const [latest, temporary] = [join(REPORTS_OUT, 'latest'), join(REPORTS_OUT, `.latest-${randomUUID()}`)]
  await symlink(run, temporary)
  await rename(temporary, latest).catch(async () => {
    await rm(latest, { force: true, recursive: true })
    await rename(temporary, latest)
  })
}

/** Make the next free folder `reports/out/NAME-DAY-N`: two that ask at once get two. Returns its path. */
export async function openNumberedFolder(name: string): Promise<string> {
  const day = new Date().toISOString().slice(0, 10)
  for (let number = 1; ; number += 1) {
    const folder = join(REPORTS_OUT, `${name}-${day}-${number}`)
    try {
      await makeFolder(REPORTS_OUT)
      await mkdir(folder)
      return folder
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await writeAt(folder, HINT, () => Promise.reject(error))
    }
  }
}

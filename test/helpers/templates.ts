/** The texts of the page, read from reports/templates as the command line does. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { HTML_ASSETS, type HtmlAssets } from '#render/html/assets.ts'

const TEMPLATES = inRepository('reports/templates/')

export async function readAssets(files = HTML_ASSETS): Promise<HtmlAssets> {
  const read = async (names: readonly string[]) =>
    (await Promise.all(names.map((name) => readFile(join(TEMPLATES, name), 'utf8')))).join('\n')
  return { template: await read(files.template), css: await read(files.css), js: await read(files.js) }
}

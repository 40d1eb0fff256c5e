/** The texts of the page, read from reports/templates as the command line does. */
import { readFile } from 'node:fs/promises'
import { HTML_ASSETS, type HtmlAssets } from '../../src/render/html.ts'

const TEMPLATES = new URL('../../reports/templates/', import.meta.url)

export async function readAssets(files = HTML_ASSETS): Promise<HtmlAssets> {
  const read = async (names: readonly string[]) =>
    (await Promise.all(names.map((name) => readFile(new URL(name, TEMPLATES), 'utf8')))).join('\n')
  return { template: await read(files.template), css: await read(files.css), js: await read(files.js) }
}

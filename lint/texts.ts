/** Checks of the text of files: their size, how they open, the style of C, and links between pages. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { diagnoseLines, readTexts, type Diagnostic, type TextFile } from './check.ts'

const MAX_LINES = 300
const TS_COLUMNS = 130
const C_COLUMNS = 100
const TAB = 8

/** Up to seven spaces behind tabs align a line, one before a star continues a comment. */
const INDENTED_BY_SPACES = /^\t* {8}|^ +[^ *]/

const isTypeScript = (file: string) => file.endsWith('.ts')
const isC = (file: string) => /\.[ch]$/.test(file)

/** TypeScript and C: no file past the hard limit, no line past the margin, nothing trailing. */
export async function checkSizes(root: string): Promise<Diagnostic[]> {
  const texts = await readTexts(root, (file) => isTypeScript(file) || isC(file))
  return texts.flatMap((text) => {
    const { file, lines } = text
    const columns = isC(file) ? C_COLUMNS : TS_COLUMNS
    const tooLong = { file, line: null, message: `has ${lines.length} lines, the limit is ${MAX_LINES}` }
    return [
      ...(lines.length > MAX_LINES ? [tooLong] : []),
      ...diagnoseLines(text, (line) => {
        if (/[ \t]$/.test(line)) return 'has trailing white space'
        return columnsOf(line) > columns ? `is wider than ${columns} columns` : null
      }),
    ]
  })
}

/** TypeScript that is not a test opens with a sentence saying what the file is. */
export async function checkOpenings(root: string): Promise<Diagnostic[]> {
  const texts = await readTexts(root, (file) => isTypeScript(file) && !file.startsWith('test/'))
  return texts
    .filter(({ lines }) => !/^\/\*\*(?: \S|$)/.test(lines[0] ?? ''))
    .map(({ file }) => ({ file, line: 1, message: 'does not open with a sentence (/** ... */) saying what it is' }))
}

/** C: the licence on the first line, tabs for indentation. */
export async function checkCStyle(root: string): Promise<Diagnostic[]> {
  const texts = await readTexts(root, isC)
  const judge = (line: string) => (INDENTED_BY_SPACES.test(line) ? 'is indented with spaces' : null)
  return texts.flatMap((text) => [...diagnoseLicence(text), ...diagnoseLines(text, judge)])
}

function diagnoseLicence({ file, lines }: TextFile): Diagnostic[] {
  const licence = /^(?:\/\/|\/\*) SPDX-License-Identifier: GPL-2\.0-only(?: \*\/)?$/
  if (licence.test(lines[0] ?? '')) return []
  return [{ file, line: 1, message: 'does not open with its SPDX licence line, GPL-2.0-only' }]
}

/** Cases are complete: only the template holds placeholders. */
export async function checkPlaceholders(root: string): Promise<Diagnostic[]> {
  const texts = await readTexts(root, (file) => /^c-tests\/[a-z][^/]*\/(?:case\.json|[^/]*\.c)$/.test(file))
  const judge = (line: string) => (/\bPLACEHOLDER\b/.test(line) ? 'holds a placeholder of the template' : null)
  return texts.flatMap((text) => diagnoseLines(text, judge))
}

/** Folders are made by makeFolder: a recursive mkdir of Node never returns in some places. */
export async function checkFolders(root: string): Promise<Diagnostic[]> {
  const texts = await readTexts(root, (file) => /^(?:bench|harness|lint|src)\/.*\.ts$/.test(file))
  const judge = (line: string) =>
    /\bmkdir(?:Sync)?\(.*recursive:\s*true/.test(line) ? 'makes folders by a recursive mkdir' : null
  return texts.flatMap((text) => diagnoseLines(text, judge))
}

/** Pages link only to files that are there. */
export async function checkLinks(root: string): Promise<Diagnostic[]> {
  const texts = await readTexts(root, (file) => file.endsWith('.md'))
  return texts.flatMap((text) =>
    diagnoseLines(text, (line) => {
      const targets = [...line.matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)/g)].map(([, target = '']) => target)
      const lost = targets.find((target) => target.startsWith('/') || !existsSync(join(root, dirname(text.file), target)))
      return lost === undefined ? null : `links to ${lost}, which is not there`
    }),
  )
}

function columnsOf(line: string): number {
  let columns = 0
  for (const character of line) columns = character === '\t' ? columns - (columns % TAB) + TAB : columns + 1
  return columns
}

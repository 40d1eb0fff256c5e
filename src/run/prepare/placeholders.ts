/** Unfilled placeholders of the template: the word PLACEHOLDER in the files of a case. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Placeholder {
  /** Name of the file in the case's folder. */
  readonly file: string
  /** 1-based. */
  readonly line: number
}

/** The lines of `text` that hold a placeholder, 1-based. */
export function placeholderLines(text: string): number[] {
  return text.split('\n').flatMap((line, index) => (/\bPLACEHOLDER\b/.test(line) ? [index + 1] : []))
}

/** The placeholders in case.json and in the C files of a case's folder, by file and line. */
export async function findPlaceholders(folder: string): Promise<Placeholder[]> {
  const files = (await readdir(folder)).filter((name) => name === 'case.json' || name.endsWith('.c')).toSorted()
  const found = files.map(async (file) => {
    const lines = placeholderLines(await readFile(join(folder, file), 'utf8'))
    return lines.map((line) => ({ file, line }))
  })
  return (await Promise.all(found)).flat()
}

/** What the page's filter reads of the matrix: data, so that it needs no table of rows that nobody has looked at yet. */
import type { pageOf } from './page.ts'

export interface MatrixIndex {
  /** The distinct class names of cells. */
  readonly answers: readonly string[]
  readonly parts: readonly { readonly series: string; readonly rows: readonly IndexRow[] }[]
}

interface IndexRow {
  readonly id: string
  readonly version: string
  readonly branch: string
  /** Whether it is a control kernel. */
  readonly known: boolean
  /** A number of `answers` for each column. */
  readonly answers: readonly number[]
}

/** The index of a page, its parts and rows in the order of the tables. */
export function matrixIndexOf({ parts }: Pick<ReturnType<typeof pageOf>, 'parts'>): MatrixIndex {
  const numbers = new Map<string, number>()
  const numberOf = (classes: string): number => {
    const known = numbers.get(classes) ?? numbers.size
    numbers.set(classes, known)
    return known
  }
  const indexed = parts.map(({ name, rows }) => ({
    series: name,
    rows: rows.map(({ id, version, branch, known, cells }) => ({
      id,
      version,
      branch,
      known: known !== null,
      answers: cells.map(({ classes }) => numberOf(classes)),
    })),
  }))
  return { answers: [...numbers.keys()], parts: indexed }
}

/**
 * The matrix as lines of text. Three layouts, the widest that fits: verdicts in words under the names of the cases; the same with
 * the names broken at their hyphens; and signs alone under numbers, with a key below, in as many blocks as the width asks for.
 */
import { type Matrix, matrixOf } from '#analysis/matrix/matrix.ts'
import type { Report, ReportCase, ReportKernel } from '#domain/report/matrix.ts'
import type { Pen } from './style.ts'
import { rangeOf } from '../text/format.ts'
import { VERDICT_WORDS } from '../text/labels.ts'

/** A line of the matrix: one kernel, or neighbours that all say the same. */
interface Row {
  readonly label: string
  readonly kernels: readonly ReportKernel[]
}

interface Columns {
  /** Cases of one block, with the number each has in the key. */
  readonly cases: readonly { readonly theCase: ReportCase; readonly number: number }[]
  readonly widths: readonly number[]
  /** Words under names, or signs under numbers. */
  readonly style: 'words' | 'signs'
}

/** With more kernels than this, neighbours that say the same share one line. */
export const MAX_LINES = 40
const GAP = 2
const WORD_WIDTH = 2 + Math.max(...Object.values(VERDICT_WORDS).map(({ word }) => word.length))

/** The lines of the matrix, and of the key when columns are numbered. */
export function renderGrid(report: Report, labels: ReadonlyMap<string, string>, pen: Pen): string[] {
  const matrix = matrixOf(report)
  const series = matrix.series.map(({ name, kernels }) => ({ name, rows: rowsOf(kernels, matrix, labels, pen) }))
  const labelWidth = Math.max(
    0,
    ...series.flatMap(({ name, rows }) => [name.length, ...rows.map((row) => row.label.length + GAP)]),
  )
  const flips = new Set(report.boundaries.map((flip) => `${flip.after}/${flip.case}`))
  const blocks = columnsOf(matrix.cases, pen.width - labelWidth)
  const lines = blocks.flatMap((columns, index) => [
    ...(index > 0 ? [''] : []),
    ...heading(columns, labelWidth, pen),
    ...series.flatMap(({ name, rows }) => [
      pen.paint('bold', name),
      ...rows.flatMap((row, position) => [
        ...(position > 0 ? flipLine(row, columns, flips, labelWidth, pen) : []),
        `${`  ${row.label}`.padEnd(labelWidth)}${cellsOf(row, columns, matrix, pen)}`.trimEnd(),
      ]),
    ]),
  ])
  const numbered = blocks.some((columns) => columns.style === 'signs')
  return numbered ? [...lines, '', ...matrix.cases.map(({ id }, index) => `${String(index + 1).padStart(4)}  ${id}`)] : lines
}

/** Rows of a series; kernels that say the same in every case share one when there are too many to read. */
function rowsOf(kernels: readonly ReportKernel[], matrix: Matrix, labels: ReadonlyMap<string, string>, pen: Pen): Row[] {
  const total = matrix.series.reduce((sum, rows) => sum + rows.kernels.length, 0)
  const groups: ReportKernel[][] = []
  let previous: string | null = null
  for (const kernel of kernels) {
    const says = matrix.cases.map(({ id }) => matrix.cellAt(kernel.id, id)?.verdict ?? '').join()
    if (total > MAX_LINES && says === previous) groups.at(-1)?.push(kernel)
    else groups.push([kernel])
    previous = says
  }
  return groups.map((group) => ({
    kernels: group,
    label: rangeOf(
      group.map(({ id }) => labels.get(id) ?? id),
      pen.dots,
    ),
  }))
}

/** The widest layout that fits; signs alone always do, in blocks. */
function columnsOf(cases: readonly ReportCase[], width: number): Columns[] {
  const all = cases.map((theCase, index) => ({ theCase, number: index + 1 }))
  const fits = (columns: Columns) => columns.widths.reduce((sum, column) => sum + GAP + column, 0) <= width
  const underNames = (parts: (name: string) => string[]): Columns => ({
    style: 'words',
    cases: all,
    widths: all.map(({ theCase }) => Math.max(WORD_WIDTH, ...parts(theCase.id).map((part) => part.length))),
  })
  const fitting = [underNames((name) => [name]), underNames(pieces)].find(fits)
  if (fitting) return [fitting]
  const column = Math.max(2, String(cases.length).length)
  const perBlock = Math.max(1, Math.floor(width / (GAP + column)))
  return Array.from({ length: Math.ceil(all.length / perBlock) }, (_, block): Columns => {
    const some = all.slice(block * perBlock, (block + 1) * perBlock)
    return { style: 'signs', cases: some, widths: some.map(() => column) }
  })
}

/** The lines above the columns; names stand on the lowest. */
function heading(columns: Columns, labelWidth: number, pen: Pen): string[] {
  const stacks = columns.cases.map(({ theCase, number }, index) =>
    columns.style === 'words' ? brokenName(theCase.id, columns.widths[index] ?? 0) : [String(number)],
  )
  const height = Math.max(0, ...stacks.map((stack) => stack.length))
  return Array.from({ length: height }, (_, line) => {
    const texts = stacks.map((stack) => stack[line - height + stack.length] ?? '')
    return pen.paint('faint', ' '.repeat(labelWidth) + inColumns(columns, texts))
  })
}

/** A name in as few lines of a width as its hyphens allow. */
function brokenName(name: string, width: number): string[] {
  return pieces(name).reduce<string[]>((lines, piece) => {
    const last = lines.at(-1)
    return last !== undefined && last.length + piece.length <= width ? [...lines.slice(0, -1), last + piece] : [...lines, piece]
  }, [])
}

/** `uffd-copy` as `uffd-` and `copy`. */
function pieces(name: string): string[] {
  return name.match(/[^-]*-|[^-]+$/g) ?? [name]
}

/** A dashed line under the cells between which the verdict flips; nothing where none does. */
function flipLine(row: Row, columns: Columns, flips: ReadonlySet<string>, labelWidth: number, pen: Pen): string[] {
  const first = row.kernels[0]
  const flipping = columns.cases.map(({ theCase }) => flips.has(`${first?.id}/${theCase.id}`))
  if (!flipping.some(Boolean)) return []
  const line = inColumns(
    columns,
    flipping.map((flip, index) => (flip ? pen.line.repeat(columns.widths[index] ?? 0) : '')),
  )
  return [`${' '.repeat(labelWidth)}${line}`.trimEnd()]
}

/** The cells of a row. Padding stays outside the colours. */
function cellsOf(row: Row, columns: Columns, matrix: Matrix, pen: Pen): string {
  return columns.cases
    .map(({ theCase }, index) => {
      const cell = matrix.cellAt(row.kernels[0]?.id ?? '', theCase.id)
      const word = cell && columns.style === 'words' ? ` ${VERDICT_WORDS[cell.verdict].word}` : ''
      const text = cell ? pen.sign(cell.verdict) + word : ''
      const padding = ' '.repeat(Math.max(0, (columns.widths[index] ?? 0) - text.length))
      return `${' '.repeat(GAP)}${cell ? pen.paint(cell.verdict, text) : ''}${padding}`
    })
    .join('')
}

function inColumns(columns: Columns, texts: readonly string[]): string {
  return texts
    .map((text, index) => ' '.repeat(GAP) + text.padEnd(columns.widths[index] ?? 0))
    .join('')
    .trimEnd()
}

/**
 * The matrix as lines of text, in the widest of three layouts that fits: verdicts in words below the names of the cases; the same
 * with the names wrapped at their hyphens; signs alone below numbers, with a key below, in as many blocks as the width needs.
 */
import { type Matrix, matrixOf } from '#analysis/matrix/matrix.ts'
import type { Report, ReportCase, ReportCell, ReportKernel } from '#domain/report/matrix.ts'
import type { TerminalStyle } from './style.ts'
import { rangeOf } from '../text/format.ts'
import { VERDICT_LABELS } from '../text/labels.ts'

/** A line of the matrix: one kernel, or consecutive kernels with equal verdicts. */
interface GridRow {
  readonly label: string
  readonly kernels: readonly ReportKernel[]
}

interface Columns {
  /** Cases of one block, with the number each has in the key. */
  readonly cases: readonly { readonly theCase: ReportCase; readonly number: number }[]
  readonly widths: readonly number[]
  /** Words below names, or signs below numbers. */
  readonly layout: 'words' | 'signs'
}

/** With more kernels than this, consecutive kernels with equal verdicts share one line. */
export const MAX_LINES = 40
const GAP = 2

/** The lines of the matrix, and of the key if columns are numbered. */
export function renderGrid(report: Report, labels: ReadonlyMap<string, string>, style: TerminalStyle): string[] {
  const matrix = matrixOf(report)
  const series = matrix.series.map(({ name, kernels }) => ({ name, rows: rowsOf(kernels, matrix, labels, style) }))
  const labelWidth = Math.max(
    0,
    ...series.flatMap(({ name, rows }) => [name.length, ...rows.map((row) => row.label.length + GAP)]),
  )
  const boundaries = new Set(report.boundaries.map((boundary) => `${boundary.after}/${boundary.case}`))
  const blocks = columnsOf(matrix, style.width - labelWidth)
  const lines = blocks.flatMap((columns, index) => [
    ...(index > 0 ? [''] : []),
    ...heading(columns, labelWidth, style),
    ...series.flatMap(({ name, rows }) => [
      style.paint('bold', name),
      ...rows.flatMap((row, position) => [
        ...(position > 0 ? boundaryLine(row, columns, boundaries, labelWidth, style) : []),
        `${`  ${row.label}`.padEnd(labelWidth)}${cellsOf(row, columns, matrix, style)}`.trimEnd(),
      ]),
    ]),
  ])
  const numbered = blocks.some((columns) => columns.layout === 'signs')
  return numbered ? [...lines, '', ...matrix.cases.map(({ id }, index) => `${String(index + 1).padStart(4)}  ${id}`)] : lines
}

/** Rows of a series; kernels with equal verdicts share one if there are too many to read. */
function rowsOf(
  kernels: readonly ReportKernel[],
  matrix: Matrix,
  labels: ReadonlyMap<string, string>,
  style: TerminalStyle,
): GridRow[] {
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
      style.dots,
    ),
  }))
}

/** The widest layout that fits; signs alone always fit, in blocks. */
function columnsOf({ cases, series, cellAt }: Matrix, width: number): Columns[] {
  const kernels = series.flatMap((rows) => rows.kernels)
  const all = cases.map((theCase, index) => ({ theCase, number: index + 1 }))
  const fits = (columns: Columns) => columns.widths.reduce((sum, column) => sum + GAP + column, 0) <= width
  const underNames = (parts: (name: string) => string[]): Columns => ({
    layout: 'words',
    cases: all,
    widths: all.map(({ theCase: { id } }) => {
      const words = kernels.map((kernel) => 1 + wordIn(cellAt(kernel.id, id)).length)
      return Math.max(...words, ...parts(id).map((part) => part.length))
    }),
  })
  const fitting = [underNames((name) => [name]), underNames(pieces)].find(fits)
  if (fitting) return [fitting]
  const column = Math.max(2, String(cases.length).length)
  const perBlock = Math.max(1, Math.floor(width / (GAP + column)))
  return Array.from({ length: Math.ceil(all.length / perBlock) }, (_, block): Columns => {
    const some = all.slice(block * perBlock, (block + 1) * perBlock)
    return { layout: 'signs', cases: some, widths: some.map(() => column) }
  })
}

/** The lines above the columns; names are aligned to the lowest. */
function heading(columns: Columns, labelWidth: number, style: TerminalStyle): string[] {
  const stacks = columns.cases.map(({ theCase, number }, index) =>
    columns.layout === 'words' ? brokenName(theCase.id, columns.widths[index] ?? 0) : [String(number)],
  )
  const height = Math.max(0, ...stacks.map((stack) => stack.length))
  return Array.from({ length: height }, (_, line) => {
    const texts = stacks.map((stack) => stack[line - height + stack.length] ?? '')
    return style.paint('faint', ' '.repeat(labelWidth) + inColumns(columns, texts))
  })
}

/** A name wrapped at its hyphens into as few lines as possible. */
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

/** A dashed line between cells whose verdict changes; empty without a change. */
function boundaryLine(
  row: GridRow,
  columns: Columns,
  boundaries: ReadonlySet<string>,
  labelWidth: number,
  style: TerminalStyle,
): string[] {
  const first = row.kernels[0]
  const changing = columns.cases.map(({ theCase }) => boundaries.has(`${first?.id}/${theCase.id}`))
  if (!changing.some(Boolean)) return []
  const line = inColumns(
    columns,
    changing.map((boundary, index) => (boundary ? style.line.repeat(columns.widths[index] ?? 0) : '')),
  )
  return [`${' '.repeat(labelWidth)}${line}`.trimEnd()]
}

/** The word after the sign of a cell; empty without a cell. */
function wordIn(cell: ReportCell | undefined): string {
  return cell ? ` ${VERDICT_LABELS[cell.verdict].short}` : ''
}

/** The cells of a row. Padding stays outside the colours. */
function cellsOf(row: GridRow, columns: Columns, matrix: Matrix, style: TerminalStyle): string {
  return columns.cases
    .map(({ theCase }, index) => {
      const cell = matrix.cellAt(row.kernels[0]?.id ?? '', theCase.id)
      const text = cell ? style.sign(cell.verdict) + (columns.layout === 'words' ? wordIn(cell) : '') : ''
      const padding = ' '.repeat(Math.max(0, (columns.widths[index] ?? 0) - text.length))
      return `${' '.repeat(GAP)}${cell ? style.paint(cell.verdict, text) : ''}${padding}`
    })
    .join('')
}

function inColumns(columns: Columns, texts: readonly string[]): string {
  return texts
    .map((text, index) => ' '.repeat(GAP) + text.padEnd(columns.widths[index] ?? 0))
    .join('')
    .trimEnd()
}

/** A read log for a terminal: results as a tree, then reports of the kernel, then what was lost. */
import { isDeciding, isFailure, type LogReading, type LogReport } from '#domain/report/log.ts'
import { many } from '#domain/numbers.ts'
import type { TestDocument, TestPoint } from '#domain/tests.ts'
import { oneLine } from '../text/format.ts'
import { countWords, lossWords } from './words.ts'

/** Diagnostic lines shown under a result that failed. */
const MAX_DIAGNOSTICS = 12

/** Render all files, each under its name. */
export function renderLogText({ files }: LogReport): string {
  return `${files.map((file) => fileLines(file).join('\n')).join('\n\n')}\n`
}

function fileLines(file: LogReading): string[] {
  const { splats } = file
  const deciding = splats.filter(isDeciding).length
  const notices = splats.length - deciding
  const reports = `${many(deciding, 'kernel report')}${notices > 0 ? `, ${many(notices, 'notice')}` : ''}`
  return [
    `${oneLine(file.source)}: ${countWords(file)}; ${reports} in ${many(file.lines, 'line')}`,
    ...file.documents.flatMap(documentLines),
    ...file.problems.map(({ message }) => `  ! ${oneLine(message)}`),
    ...(splats.length > 0 ? ['  Kernel reports:'] : []),
    ...splats.map(({ severity, rule, title, firstLine, lastLine }) => {
      const lines = firstLine === lastLine ? `line ${firstLine}` : `lines ${firstLine}-${lastLine}`
      return `    ${severity.padEnd(7)} ${oneLine(title)} (${rule}, ${lines})`
    }),
    ...lossWords(file).map((words) => `  ! ${words}`),
  ]
}

function documentLines({ points, skipAll, bailOut, problems }: TestDocument): string[] {
  return [
    ...(skipAll === null ? [] : [`  skipped as a whole${skipAll && `: ${oneLine(skipAll)}`}`]),
    ...points.flatMap((point) => pointLines(point, '  ')),
    ...(bailOut === null ? [] : [`  ! Bail out! ${oneLine(bailOut)}`]),
    ...problems.map(({ kind, message, line }) => `  ! ${kind}: ${oneLine(message)}${line === null ? '' : ` (line ${line})`}`),
  ]
}

function pointLines(point: TestPoint, indent: string): string[] {
  const { number, name, status, reason, line, diagnostics, children } = point
  const where = isFailure(status) && line !== undefined ? ` (line ${line})` : ''
  const head = `${indent}${status.padEnd(7)} ${number}${name && ` ${oneLine(name)}`}${reason && `: ${oneLine(reason)}`}${where}`
  const shown = isFailure(status) ? diagnostics.slice(-MAX_DIAGNOSTICS) : []
  return [
    head,
    ...shown.map((text) => `${indent}        | ${oneLine(text)}`),
    ...children.flatMap((child) => pointLines(child, `${indent}  `)),
  ]
}

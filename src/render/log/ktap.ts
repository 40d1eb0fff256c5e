/** A read log as KTAP version 1: one subtest for each file, its results as they nest, and the kernel's reports as results. */
import { hasFailed, isDeciding, type LogReading, type LogReport } from '#domain/report/log.ts'
import type { TestPoint, TestStatus } from '#domain/tests.ts'
import { oneLine } from '../text/format.ts'
import { lossWords } from './words.ts'

const LINE: Readonly<Record<TestStatus, readonly [ok: string, directive: string]>> = {
  pass: ['ok', ''],
  fail: ['not ok', ''],
  skip: ['ok', 'SKIP'],
  todo: ['not ok', 'TODO'],
  xfail: ['ok', 'XFAIL'],
  timeout: ['not ok', 'TIMEOUT'],
  error: ['not ok', 'ERROR'],
  'not-reported': ['not ok', 'ERROR never reported'],
}

/** Render all files. */
export function renderLogKtap({ files }: LogReport): string {
  const lines = files.flatMap((file, index) => [
    ...subtest(fileResults(file), file.source).map((line) => `  ${line}`),
    `${hasFailed(file) ? 'not ok' : 'ok'} ${index + 1} ${escape(file.source)}`,
  ])
  return ['KTAP version 1', `1..${files.length}`, ...lines, ''].join('\n')
}

interface Result {
  readonly above: readonly string[]
  readonly ok: string
  readonly text: string
}

function subtest(results: readonly Result[], name: string): string[] {
  const lines = results.flatMap(({ above, ok, text }, index) => [...above, `${ok} ${index + 1} ${text}`])
  return ['KTAP version 1', `# Subtest: ${escape(name)}`, `1..${results.length}`, ...lines]
}

function fileResults(file: LogReading): Result[] {
  const losses = lossWords(file).map((words) => `# ${words}`)
  const reports = file.splats.map(({ severity, rule, title, firstLine, lastLine }, index) => ({
    above: [...(index === 0 ? losses : []), `# ${rule}, lines ${firstLine}-${lastLine}`],
    ok: isDeciding({ severity } as LogReading['splats'][number]) ? 'not ok' : 'ok',
    text: escape(`kernel ${severity}: ${title}`),
  }))
  return [...file.documents.flatMap(({ points }) => points.map(resultOf)), ...reports]
}

function resultOf(point: TestPoint): Result {
  const [ok, directive] = LINE[point.status]
  const reason = escape(point.reason)
  const end = directive === '' ? (reason === '' ? '' : ` # ${reason}`) : ` # ${directive}${reason && ` ${reason}`}`
  const children = point.children.length === 0 ? [] : subtest(point.children.map(resultOf), point.name || String(point.number))
  return {
    above: [...point.diagnostics.map((line) => `# ${oneLine(line)}`), ...children.map((line) => `  ${line}`)],
    ok,
    text: `${escape(point.name)}${end}`,
  }
}

function escape(text: string): string {
  return oneLine(text).replaceAll(/[\\#]/g, '\\$&')
}

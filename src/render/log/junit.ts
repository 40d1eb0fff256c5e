/** A read log as JUnit XML, the dialect that Jenkins, GitLab and GitHub's actions read: a test suite for each file. */
import { isDeciding, isFailure, type LogReading, type LogReport } from '#domain/report/log.ts'
import type { TestPoint } from '#domain/tests.ts'
import { escapeXml } from '../text/xml.ts'
import { lossWords } from './words.ts'

interface TestCase {
  readonly group: string
  readonly name: string
  readonly state: 'passed' | 'skipped' | 'failure' | 'error'
  readonly message: string
  readonly text: readonly string[]
}

/** Render all files. */
export function renderLogJunit({ files }: LogReport): string {
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...files.flatMap(suite), '</testsuites>', ''].join('\n')
}

function suite(file: LogReading): string[] {
  const cases = [
    ...file.documents.flatMap(({ points, bailOut }) => [
      ...points.flatMap((point) => casesOf(point, [])),
      ...(bailOut === null ? [] : [{ group: 'stream', name: 'Bail out!', state: 'error' as const, message: bailOut, text: [] }]),
    ]),
    ...file.splats.map(({ rule, severity, title, firstLine, lastLine }) => ({
      group: 'kernel',
      name: title,
      state: isDeciding({ severity } as LogReading['splats'][number]) ? ('failure' as const) : ('passed' as const),
      message: `${severity} ${rule}, lines ${firstLine}-${lastLine}`,
      text: [],
    })),
  ]
  const count = (state: TestCase['state']) => cases.filter((one) => one.state === state).length
  const bad = `failures="${count('failure')}" errors="${count('error')}"`
  const figures = `tests="${cases.length}" ${bad} skipped="${count('skipped')}"`
  const losses = lossWords(file)
  return [
    `  <testsuite name="${escapeXml(file.source)}" ${figures}>`,
    ...cases.flatMap(caseLines),
    ...(losses.length > 0 ? [`    <system-out>${escapeXml(losses.join('; '))}</system-out>`] : []),
    '  </testsuite>',
  ]
}

/** The innermost results of a point, named by the points above them. */
function casesOf(point: TestPoint, above: readonly string[]): TestCase[] {
  const name = point.name || String(point.number)
  const inner = point.children.flatMap((child) => casesOf(child, [...above, name]))
  const tells =
    inner.length > 0 && (!isFailure(point.status) || inner.some(({ state }) => state === 'failure' || state === 'error'))
  if (tells) return inner
  const { status, reason, diagnostics } = point
  const state = status === 'fail' ? 'failure' : isFailure(status) ? 'error' : status === 'pass' ? 'passed' : 'skipped'
  const message = status === 'fail' || status === 'skip' ? reason || status : `${status}${reason && `: ${reason}`}`
  return [...inner, { group: above.join('.') || 'tests', name, state, message, text: diagnostics }]
}

function caseLines({ group, name, state, message, text }: TestCase): string[] {
  const head = `    <testcase classname="${escapeXml(group)}" name="${escapeXml(name)}"`
  if (state === 'passed') return [`${head}/>`]
  return [
    `${head}>`,
    `      <${state} message="${escapeXml(message)}">${escapeXml(text.join('\n'))}</${state}>`,
    '    </testcase>',
  ]
}

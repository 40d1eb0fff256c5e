/** What a reader sees of a test run: one line a file (or a test, where tests are long), failures in full, and the count. */
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

export interface Count {
  passed: number
  failed: number
  skipped: number
}

export interface RunningFile {
  readonly path: string
  /** When it started, on the clock of `performance.now()`. */
  readonly since: number
  /** Names of its tests that began and have not ended, with those of the suites around them. */
  readonly tests: Set<string>
  /** The last line that it printed outside the runner's protocol: what it is waiting for, where it says so. */
  said: string
}

export interface ProgressOptions {
  /** Names are shown relative to it. */
  readonly root: string
  /** Added up as results come. */
  readonly count: Count
  /** At any time the files at work, by name. */
  readonly running: Map<string, RunningFile>
  /** Why a file was ended from outside, by name; what it reported before counts all the same. */
  readonly ended: ReadonlyMap<string, string>
  /** Milliseconds that each file took, by name, as they end. */
  readonly durations: Map<string, number>
  /** Print every test and not only every file. */
  readonly eachTest: boolean
}

/** What is known of the file being reported: the runner gives everything of one file before it goes on to the next. */
interface FileReport {
  passed: number
  /** What it wrote outside the runner's protocol. */
  printed: string
  readonly failures: string[]
  readonly skips: string[]
}

/** A result of a test, a suite or a file; a file is its own name. */
interface Result {
  readonly name: string
  readonly file?: string
  readonly line?: number
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly duration_ms: number; readonly type?: 'suite' | 'test' | undefined; readonly error?: Error }
}

/** The events that are read here, with what is read of them. */
export type ProgressEvent =
  | { readonly type: 'test:dequeue' | 'test:complete'; readonly data: Begun }
  | { readonly type: 'test:stdout' | 'test:stderr'; readonly data: { readonly file: string; readonly message: string } }
  | { readonly type: 'test:pass' | 'test:fail'; readonly data: Result }
  | { readonly type: 'test:summary'; readonly data: { readonly file: string | undefined; readonly duration_ms: number } }

interface Begun {
  readonly name: string
  readonly file?: string
}

/** The end of what a failing file printed, in lines. */
const KEPT_LINES = 40

const emptyReport = (): FileReport => ({ passed: 0, printed: '', failures: [], skips: [] })

/** Turn the events of node's test runner into lines, adding up as they come. */
export async function* readProgress(
  events: AsyncIterable<TestEvent | ProgressEvent>,
  options: ProgressOptions,
): AsyncGenerator<string> {
  const { root } = options
  let report = emptyReport()
  for await (const { type, data } of events) {
    const isFile = data && 'name' in data && data.name === data.file
    if (type === 'test:dequeue' || type === 'test:complete') noteWork(options, type === 'test:dequeue', data)
    if (type === 'test:stdout' || type === 'test:stderr') {
      report.printed += data.message
      const file = options.running.get(relative(root, data.file))
      if (file) file.said = data.message.trimEnd().split('\n').at(-1) ?? ''
    }
    if (type === 'test:pass' || type === 'test:fail') {
      const ms = data.details.duration_ms
      const word = addResult(report, data, type === 'test:pass', options)
      if (isFile) {
        yield formatFile(relative(root, data.name), ms, report)
        report = emptyReport()
      } else if (options.eachTest && word !== null) yield `${word} ${data.name} ${time(ms)}`
    }
    if (type === 'test:summary' && data.file !== undefined) {
      yield formatFile(relative(root, data.file), data.duration_ms, report)
      report = emptyReport()
    }
  }
}

function noteWork(options: ProgressOptions, begins: boolean, { name, file = name }: Begun): void {
  const { root, running, durations } = options
  const key = relative(root, file)
  const own = running.get(key)
  if (name !== file) own?.tests[begins ? 'add' : 'delete'](name)
  else if (begins) running.set(key, { path: file, since: performance.now(), tests: new Set(), said: '' })
  else if (own) {
    durations.set(key, performance.now() - own.since)
    running.delete(key)
  }
}

/** Count one result; gives the word for its line, null where it needs none of its own. */
function addResult(report: FileReport, data: Result, passed: boolean, options: ProgressOptions): string | null {
  const { root, count, ended } = options
  const error = data.details.error ?? null
  const fail = (what: string) => {
    count.failed += 1
    report.failures.push(what)
    return 'FAIL '
  }
  // The file itself is a result where it crashed, exited by itself, or held no test: none of them may pass.
  const early = passed ? 'there is no test in it, or it ended before the first did' : 'it ended before its tests did'
  if (data.name === data.file) return fail(ended.get(relative(root, data.name)) ?? early)
  if (data.skip !== undefined || data.todo !== undefined) {
    count.skipped += 1
    report.skips.push(`${data.name}: ${[data.skip, data.todo].find((why) => typeof why === 'string') ?? 'no reason given'}`)
    return null
  }
  // A suite counts only where it failed by itself, by a hook, and not by the tests in it.
  if (data.details.type === 'suite' && (passed || isOfSubtests(error))) return null
  if (!passed) return fail(`${data.name} (${relative(root, data.file ?? '')}:${data.line})\n${describe(error)}`)
  count.passed += 1
  report.passed += 1
  return 'ok   '
}

function formatFile(name: string, ms: number, { passed, printed, failures, skips }: FileReport): string {
  const failed = failures.length > 0
  const kept = printed.trimEnd().split('\n').slice(-KEPT_LINES).join('\n')
  return [
    `${failed ? 'FAIL' : 'ok  '}  ${name}: ${passed} passed${failed ? `, ${failures.length} failed` : ''} ${time(ms)}`,
    ...failures.map(indent),
    ...skips.map((skip) => indent(`skipped: ${skip}`)),
    ...(failed && kept !== '' ? [indent(`it printed:\n${kept}`)] : []),
  ].join('\n')
}

/** Whether a suite failed by its tests alone. */
export function isOfSubtests(error: Error | null | undefined): boolean {
  return !!error && 'failureType' in error && error.failureType === 'subtestsFailed'
}

function describe(error: Error | null): string {
  const cause = error?.cause ?? error
  return indent(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '        ')
}

function time(ms: number): string {
  return `(${(ms / 1000).toFixed(1)} s)`
}

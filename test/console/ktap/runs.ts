/** Test runs to print in each dialect of KTAP, for property tests. */
import fc from 'fast-check'
import type { TestStatus } from '#domain/tests.ts'

interface Ran {
  readonly name: string
  readonly status: TestStatus
  readonly notes: readonly string[]
  readonly children: Run
}

export type Run = readonly Ran[]

const SAID: Readonly<Partial<Record<TestStatus, readonly [ok: boolean, directive: string]>>> = {
  pass: [true, ''],
  fail: [false, ''],
  skip: [true, ' # SKIP because'],
  todo: [false, ' # TODO later'],
  xfail: [false, ' # XFAIL known'],
  timeout: [false, ' # TIMEOUT 45 seconds'],
  error: [false, ' # ERROR cannot'],
}

const WORSE: ReadonlySet<TestStatus> = new Set(['fail', 'timeout', 'error'])

// Free text behind ` # ` is no part of a name, so no name here has it; `#` alone is.
const NAMES = ['uffd copy', 'a.b', 'global.fork event', 'x #of pages', '<b>&', 'toString', '4 KiB', 'brace {', '-', 'a\\b']
const name = fc.constantFrom(...NAMES)
const note = fc.constantFrom('[INFO] huge pages', 'kwitness: trials=1500 hits=3', 'expected 1, got 2', '<script>')
const status = fc.constantFrom(...(Object.keys(SAID) as TestStatus[]))

function ran(depth: number): fc.Arbitrary<Ran> {
  const children: fc.Arbitrary<Run> = depth === 0 ? fc.constant([]) : fc.array(ran(depth - 1), { maxLength: 3 })
  return fc.record({ name, status, notes: fc.array(note, { maxLength: 2 }), children }).map((one) => {
    // A parent says what its children make of it.
    const failed = one.children.some((child) => WORSE.has(child.status))
    return { ...one, status: failed && (one.status === 'pass' || one.status === 'skip') ? 'fail' : one.status }
  })
}

/** Runs of one to four tests, nested three deep at most. */
export const testRun: fc.Arbitrary<Run> = fc.array(ran(2), { minLength: 1, maxLength: 4 })

function result({ name: text, status: word }: Ran, number: number): string {
  const [ok, directive] = SAID[word] ?? [true, '']
  // A lone dash would be taken for the one before a name.
  return `${ok ? 'ok' : 'not ok'} ${number} ${text === '-' ? '- -' : text}${directive}`
}

/** Print a run; `indent` begins each line of a child document, `head` opens a document. */
function lines(run: Run, indent: string, head: (nested: boolean) => string[], nested = false): string[] {
  return [
    ...head(nested),
    `1..${run.length}`,
    ...run.flatMap((one, index) => [
      ...one.notes.map((text) => `# ${text}`),
      ...(one.children.length === 0 ? [] : lines(one.children, indent, head, true).map((line) => indent + line)),
      result(one, index + 1),
    ]),
  ]
}

const printed = (run: Run, indent: string, head: (nested: boolean) => string[]) => `${lines(run, indent, head).join('\n')}\n`

const suite = (version: readonly string[]) => (nested: boolean) =>
  nested ? [...version, '# Subtest: suite'] : ['TAP version 14']

/** The three nesting styles, by who prints them. */
export const DIALECTS: Readonly<Record<string, (run: Run) => string>> = {
  'KTAP, two spaces': (run) => printed(run, '  ', () => ['KTAP version 1']),
  'kselftest runner, # ': (run) => printed(run, '# ', () => ['TAP version 13']),
  'KUnit, four spaces': (run) => printed(run, '    ', suite(['KTAP version 1'])),
  'old KUnit, # Subtest alone': (run) => printed(run, '    ', suite([])),
}

/** Which test files share a process: starting one, and loading what nearly all of them load, takes longer than most tests. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import type { TestEvent } from 'node:test/reporters'
import type { Durations } from './durations.ts'
import { isOfSubtests, type ProgressEvent } from './progress.ts'

/** What changes the process for whoever comes later, leaves children in it or serves: such a file has a process of its own. */
const OF_ITS_OWN = new RegExp(
  [
    String.raw`process\.env(?:\.|\[)[^=\n]*=[^=]|delete process\.env`,
    String.raw`process\.(?:chdir|exit|exitCode|on|once|kill|umask|emit)\b`,
    String.raw`\bmock\b|\.mock\.`,
    String.raw`child_process|startProcess|createServer|launchBrowser`,
    // Measures memory, in which everything is that ran before it.
    String.raw`memoryUsage|\bgc\(`,
    // Waits for time to pass, which others can use where it has a process of its own.
    String.raw`setTimeout|sleep\(`,
  ].join('|'),
)

/** One that takes longer starts many children, mostly: forking takes a process longer the more memory it has. */
const LONG_MS = 3000

/** Whether a test file, and what it imports of `test/`, leaves the process as it was and keeps to it. */
function keepsToItself(file: string, known: Map<string, boolean>): boolean {
  const before = known.get(file)
  if (before !== undefined) return before
  known.set(file, true)
  const text = readFileSync(file, 'utf8')
  const imports = [...text.matchAll(/ from '(#test\/|\.\.?\/)([^']+)'/g)].map(([, start = '', rest = '']) =>
    start === '#test/' ? inRepository('test', rest) : join(dirname(file), start, rest),
  )
  const keeps = !OF_ITS_OWN.test(text) && imports.every((path) => !existsSync(path) || keepsToItself(path, known))
  known.set(file, keeps)
  return keeps
}

/** The files that need a process of their own or are long, and the others in so many batches of about the same duration. */
export function formBatches(
  files: readonly string[],
  count: number,
  durationOf: (file: string) => Durations[string] | undefined,
): { readonly single: readonly string[]; readonly batches: readonly (readonly string[])[] } {
  const known = new Map<string, boolean>()
  const timeOf = (file: string): number => durationOf(file) ?? 100
  const single = files.filter((file) => timeOf(file) > LONG_MS || !keepsToItself(file, known))
  const batches = Array.from({ length: count }, () => ({ files: [] as string[], ms: 0 }))
  for (const file of files.filter((one) => !single.includes(one)).toSorted((a, b) => timeOf(b) - timeOf(a))) {
    const shortest = batches.reduce((least, batch) => (batch.ms < least.ms ? batch : least))
    shortest.files.push(file)
    shortest.ms += timeOf(file)
  }
  return { single, batches: batches.map((batch) => batch.files).filter((batch) => batch.length > 0) }
}

/** The events of a process that runs these files together, as they were if each file had a process of its own. */
export async function* asFiles(events: AsyncIterable<TestEvent>, files: readonly string[]): AsyncGenerator<ProgressEvent> {
  const all = new Set(files)
  const unreported = new Set(files)
  let current = files[0] ?? ''
  let tests = 0
  // One that spins keeps what it reports to itself, so each file counts as begun with the end of the one before it.
  const begun = (): ProgressEvent => ({ type: 'test:dequeue', data: { name: current, file: current } })
  yield begun()
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield { type, data: { message: data.message, file: current } }
    if (!data || !('name' in data) || data.name === data.file) continue
    const isFile = all.has(data.name)
    if (type === 'test:complete' || (type === 'test:dequeue' && !isFile)) {
      yield { type, data: { name: data.name, file: isFile ? data.name : current } }
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (!isFile) {
      tests += 1
      yield { type, data: { ...data, file: current } }
      continue
    }
    // A file that does not load, or whose hook fails, is a suite that fails by itself.
    if (type === 'test:fail' && !isOfSubtests(data.details.error)) {
      yield { type, data: { ...data, name: 'the file', file: current, details: { ...data.details, type: undefined } } }
    }
    // A suite without tests passes, a file without tests does not.
    if (type === 'test:pass' && tests === 0) yield { type, data: { ...data, file: current } }
    else yield { type: 'test:summary', data: { file: current, duration_ms: data.details.duration_ms } }
    tests = 0
    unreported.delete(current)
    const [next] = unreported
    if (next === undefined) continue
    current = next
    yield begun()
  }
  const details = { duration_ms: 0, error: new Error('it has no result') }
  for (const file of unreported) {
    yield { type: 'test:complete', data: { name: file, file } }
    yield { type: 'test:fail', data: { name: file, file, details } }
  }
}

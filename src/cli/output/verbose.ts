/** `--verbose`: each phase as it ends, and what guests, machines in use and make print as it comes, on stderr. */
import { listenToOutput } from '#harness/support/live/output.ts'
import { listenToSpans } from '#harness/support/spans.ts'
import { createLineReader } from '#console/lines.ts'
import type { Span } from '#domain/span.ts'
import type { Progress } from './progress.ts'

/** `KERNEL CASE`, as much of it as is known. */
const about = ({ kernel, case: id }: Pick<Span, 'kernel' | 'case'>): string =>
  [kernel, id].filter((part) => part !== null).join(' ') || 'kwitness'

/** Print phases and output until the returned object is disposed. Lines of output are cleaned, so they cannot move the cursor. */
export function showVerbosely(progress: Progress, stream: NodeJS.WritableStream = process.stderr): Disposable {
  const print = (line: string): void => {
    progress.end()
    stream.write(`${line}\n`)
  }
  const readers = new Map<string, ReturnType<typeof createLineReader>>()
  const spans = listenToSpans((span) => {
    print(`${about(span)}: ${span.name} took ${((span.end - span.start) / 1000).toFixed(2)} s`)
  })
  const outputs = listenToOutput(({ port, chunk, ...source }) => {
    const name = `${about(source)} ${port}`
    const reader = readers.get(name) ?? createLineReader((line) => print(`${name} | ${line}`))
    readers.set(name, reader)
    reader.push(chunk)
  })
  return {
    [Symbol.dispose]: () => {
      for (const listening of [spans, outputs]) listening[Symbol.dispose]()
    },
  }
}

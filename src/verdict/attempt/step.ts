/**
 * The step of a case whose symptom is its ending, from the diagnostic lines `# kwitness: entering NAME after N ms` and
 * `# kwitness: left NAME` of c-tests/include/core/step.h.
 */
import type { TestStream } from '#domain/tests.ts'

const MARK = /^\s*kwitness:\s*(?:entering|left)\b/
const NAME = '([a-z0-9-]{1,40})'
const ENTERING = new RegExp(String.raw`^\s*kwitness: entering ${NAME} after (\d{1,9}) ms\s*$`)
const LEFT = new RegExp(String.raw`^\s*kwitness: left ${NAME}\s*$`)

export type StepWord =
  | { readonly kind: 'entering'; readonly name: string; readonly afterSeconds: number }
  | { readonly kind: 'left'; readonly name: string }

/** Parse one diagnostic line, given without its `# `. Null for another subject; `malformed` for a step line with bad fields. */
export function parseStep(line: string): StepWord | 'malformed' | null {
  if (!MARK.test(line)) return null
  const [, entered, milliseconds] = ENTERING.exec(line) ?? []
  if (entered !== undefined) return { kind: 'entering', name: entered, afterSeconds: Number(milliseconds) / 1000 }
  const left = LEFT.exec(line)?.[1]
  return left === undefined ? 'malformed' : { kind: 'left', name: left }
}

/** A step that the case entered and did not leave. */
export interface OpenStep {
  readonly name: string
  /** Guest seconds from the start of the case to the step. */
  readonly afterSeconds: number
}

/**
 * The step in which the case printed its last line. Null when it entered none, left it, printed a result or bailed out after
 * it, or when its step lines contradict each other.
 */
export function readOpenStep(stream: TestStream): OpenStep | null {
  const last = stream.documents.at(-1)
  if (!last || last.bailOut !== null) return null
  let open: OpenStep | null = null
  // Lines before a result belong to that result, so those of the document follow the last one.
  for (const line of last.diagnostics) {
    const word = parseStep(line)
    if (word === null) continue
    if (word === 'malformed') return null
    if (word.kind === 'entering') {
      if (open) return null
      open = { name: word.name, afterSeconds: word.afterSeconds }
    } else {
      if (open?.name !== word.name) return null
      open = null
    }
  }
  return open
}

/** Number (1-based) of the line that the case wrote into the kernel log for this step; null without one. */
export function stepLine(consoleLines: readonly string[], { name }: Pick<OpenStep, 'name'>): number | null {
  const index = consoleLines.findLastIndex((line) => line.trimEnd() === `kwitness: entering ${name}`)
  return index < 0 ? null : index + 1
}

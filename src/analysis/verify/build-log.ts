/** Parses the log of a build: the compiler's warnings, by file. */
import type { Warning } from '#domain/report/verify.ts'

/** The warnings of a log about these source files, in order, including repetitions. */
export function warningsIn(log: string, files: readonly string[]): Warning[] {
  return [...log.matchAll(/^(?:\.\.\/|\.\/)*([^\s:]+):\d+(?::\d+)?: warning: (.+)$/gm)].flatMap(([, file = '', message = '']) =>
    files.includes(file) ? [{ file, message: message.trim() }] : [],
  )
}

/** Warnings that the second list has more often, each once: a repetition counts as new, too. */
export function newWarnings(before: readonly Warning[], after: readonly Warning[]): Warning[] {
  const keyOf = ({ file, message }: Warning) => `${file}: ${message}`
  const count = (list: readonly Warning[], key: string) => list.filter((one) => keyOf(one) === key).length
  const once = new Map(after.map((warning) => [keyOf(warning), warning]))
  return [...once].filter(([key]) => count(after, key) > count(before, key)).map(([, warning]) => warning)
}

/** The object files of a build, as make names them. */
export function objectsIn(log: string): string[] {
  return [...new Set([...log.matchAll(/^ {2}CC(?: \[M\])?\s+(\S+\.o)$/gm)].map(([, object]) => object ?? ''))]
}

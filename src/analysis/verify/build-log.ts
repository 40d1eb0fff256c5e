/** Reads the log of a build: the compiler's warnings, by the file they are about. */
import type { Warning } from '#domain/report/verify.ts'

/** The warnings of a log that are about these files of the source, in their order, once for each time they were given. */
export function warningsIn(log: string, files: readonly string[]): Warning[] {
  return [...log.matchAll(/^(?:\.\.\/|\.\/)*([^\s:]+):\d+(?::\d+)?: warning: (.+)$/gm)].flatMap(([, file = '', message = '']) =>
    files.includes(file) ? [{ file, message: message.trim() }] : [],
  )
}

/** What the second list has more of: a warning given twice where it was given once is new, too. Each is named once. */
export function newWarnings(before: readonly Warning[], after: readonly Warning[]): Warning[] {
  const keyOf = ({ file, message }: Warning) => `${file}: ${message}`
  const count = (list: readonly Warning[], key: string) => list.filter((one) => keyOf(one) === key).length
  const once = new Map(after.map((warning) => [keyOf(warning), warning]))
  return [...once].filter(([key]) => count(after, key) > count(before, key)).map(([, warning]) => warning)
}

/** The objects that a build made, as make names them. */
export function objectsIn(log: string): string[] {
  return [...new Set([...log.matchAll(/^ {2}CC(?: \[M\])?\s+(\S+\.o)$/gm)].map(([, object]) => object ?? ''))]
}

/** Words that every renderer of a read log uses. */
import { many } from '#domain/numbers.ts'
import type { LogReading } from '#domain/report/log.ts'
import type { TestStatus } from '#domain/tests.ts'

const STATUSES: readonly TestStatus[] = ['pass', 'fail', 'error', 'timeout', 'not-reported', 'skip', 'xfail', 'todo']

/** `3 results: 2 pass, 1 fail`, or that there are none. */
export function countWords({ counts, dialect }: LogReading): string {
  const all = STATUSES.reduce((sum, status) => sum + counts[status], 0)
  if (dialect === null) return 'no test results'
  const parts = STATUSES.filter((status) => counts[status] > 0).map((status) => `${counts[status]} ${status}`)
  return `${many(all, 'result')}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`
}

const areOf = (count: number): string => (count === 1 ? 'is' : 'are')

/** Losses of the log and reboots of the kernel, a sentence each. */
export function lossWords({ lost, restarts, unlisted }: LogReading): string[] {
  return [
    ...(restarts > 0 ? [`the kernel rebooted ${restarts === 1 ? 'once' : `${restarts} times`}`] : []),
    ...(lost.droppedMessages > 0 ? [`the kernel dropped ${many(lost.droppedMessages, 'message')}`] : []),
    ...(lost.badBytes > 0 ? [`${many(lost.badBytes, 'byte')} ${areOf(lost.badBytes)} not valid UTF-8`] : []),
    ...(lost.cutLines > 0 ? [`${many(lost.cutLines, 'line')} ${areOf(lost.cutLines)} too long and cut`] : []),
    ...(unlisted > 0 ? [`${many(unlisted, 'more result')} ${areOf(unlisted)} counted and not listed`] : []),
  ]
}

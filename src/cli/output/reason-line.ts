/** How a reason is shown: the log and the line it was seen in, what was seen, and the rule that drew the conclusion. */
import type { Reason } from '#domain/judgement.ts'

/** One reason on one line. */
export function reasonLine({ channel, line, rule, text }: Reason): string {
  return `    ${channel}${line === null ? '' : `:${line}`}  ${text}  [${rule}]`
}

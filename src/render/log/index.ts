/** The renderers of a read log: a function of the one LogReport each. */
import type { LogReport } from '#domain/report/log.ts'
import { renderLogJunit } from './junit.ts'
import { renderLogKtap } from './ktap.ts'
import { renderLogMarkdown } from './markdown.ts'
import { renderLogText } from './text.ts'

export const LOG_RENDERERS = {
  text: renderLogText,
  json: (report: LogReport) => `${JSON.stringify(report, null, 2)}\n`,
  junit: renderLogJunit,
  ktap: renderLogKtap,
  markdown: renderLogMarkdown,
} as const satisfies Record<string, (report: LogReport) => string>

/** The words of `--format`. */
export type LogFormat = keyof typeof LOG_RENDERERS

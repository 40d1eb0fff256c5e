/** Splats: kernel reports on the console. */

export type SplatSeverity =
  /** The system is gone. */
  | 'fatal'
  /** The kernel is damaged; later output of this guest does not count. */
  | 'oops'
  /** A warning or sanitizer report; the kernel goes on. */
  | 'warning'
  /** The kernel or a task is stuck. */
  | 'stall'
  /** Userspace trouble or an odd word: reported, never deciding. */
  | 'notice'

export interface Splat {
  /** Id of the rule that matched: a row of the splat table. */
  readonly rule: string
  readonly severity: SplatSeverity
  /** The headline with addresses, pids and times taken out: one string per bug. */
  readonly title: string
  /** Lines of the cleaned console, 1-based and inclusive. */
  readonly firstLine: number
  readonly lastLine: number
}

/** What the console reader found, beside the lines. */
export interface ConsoleReading {
  readonly splats: readonly Splat[]
  /** Second and later kernel banners: the guest rebooted. */
  readonly extraBanners: number
  /** printk messages the kernel says it dropped. */
  readonly droppedMessages: number
  /** Bytes that are not valid UTF-8. */
  readonly badBytes: number
}

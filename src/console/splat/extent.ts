/** How far a report reaches: which lines belong to it although no row of the table matches them. */

const FRAME = String.raw`\s+(?:\[<[0-9a-f]+>\] )?(?:\? )?[\w.]+\+0x[0-9a-f]+\/0x[0-9a-f]+`
const REGISTER = String.raw`(?:R[A-Z0-9]{2}|E[A-Z]{2}|[CD]R\d|FS|CS|PKRU|EFLAGS|pc|lr|sp|x\d+) ?: ?[0-9a-f]`
const LABEL = [
  'Call [tT]race:',
  'Hardware name:',
  'CPU: \\d',
  'Modules linked in:',
  'Code: ',
  'RIP: ',
  'PGD ',
  'P4D ',
  '#PF: ',
  'Tainted: ',
  ' *Not tainted',
  'Kernel Offset:',
  'Workqueue:',
  'stack backtrace:',
  'irq event stamp:',
  'hardirqs last ',
  'softirqs last ',
  'Allocated by task',
  'Freed by task',
  'The buggy address',
  'Memory state around',
  'page:',
  'raw:',
  'page dumped because:',
  'Read of size',
  'Write of size',
  'Mem-Info:',
  'Sending NMI',
  'task:',
  'rcu: ',
  'addr:',
  'file:',
].join('|')

/** Lines only a report has: stack frames, registers, the labels around them. */
const BODY = new RegExp(`^(?:${FRAME}|${REGISTER}|${LABEL}|[ \\t]*</?(?:TASK|IRQ|NMI|SOFTIRQ|EOI|#\\w+)>)`)
const TRACE = /\bCall [tT]race:/
const END = /---\[ end (?:trace|Kernel panic)/
const FENCE = /^={10,}$/
const PLACE = /\b(?:RIP: 0010:|pc : )([A-Za-z_][\w.]*)/

/** Lines of other talk allowed inside one report before it counts as over. */
export const PATIENCE = 24

/** Longest report, in lines. */
export const LONGEST_REPORT = 600

export type BodyLine =
  /** `---[ end trace ... ]---`: the last line of the report. */
  | 'end'
  /** A line of `=`: opens some reports and closes them. */
  | 'fence'
  /** `Call Trace:` */
  | 'trace'
  /** Another line that only a report has. */
  | 'body'
  /** Anything else. */
  | 'other'

/** What a line is to an open report. */
export function bodyLine(line: string): BodyLine {
  if (END.test(line)) return 'end'
  if (FENCE.test(line)) return 'fence'
  if (TRACE.test(line)) return 'trace'
  return BODY.test(line) ? 'body' : 'other'
}

/** The kernel function that RIP (or the arm64 pc) names in a line, or null; user addresses have no name. */
export function placeIn(line: string): string | null {
  return PLACE.exec(line)?.[1] ?? null
}

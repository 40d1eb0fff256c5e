/** How far a report reaches: which lines belong to it although no row of the table matches them. */
import { codesOf } from './literals.ts'
import type { SplatRule } from './rule.ts'

const SYMBOL = String.raw`[\w.$]{1,200}\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}`
const FRAME = [
  // x86, arm64, riscv; ` [<ffff>] f+0x1/0x2` before 4.11, and on s390 in parentheses.
  String.raw`\s{1,40}\(?(?:\[<[0-9a-f]{1,16}>\] )?(?:\? )?${SYMBOL}`,
  // powerpc: `[c000000001234567] [c000000000123456] f+0x1/0x2`
  String.raw`\[c?[0-9a-f]{8,16}\] \[[0-9a-f]{8,16}\] `,
  // arm: ` f from g+0x1/0x2`, `[<c0123456>] (f) from [<c0123456>] (g+0x1/0x2)`
  String.raw`\s{0,4}[\w.]{1,200} from ${SYMBOL}`,
  String.raw`\[<[0-9a-f]{8}>\] \(`,
]

const REGISTER = [
  String.raw`(?:R[A-Z0-9]{2}|E[A-Z]{2}|[CD]R\d|FS|CS|PKRU|EFLAGS|x\d{1,2}|r\d{1,2}|[ast]\d{1,2}|\$ ?\d{1,2}) {0,3}: ?[0-9a-f]`,
  String.raw` {0,3}(?:pc|lr|sp|epc|ra|gp|tp|fp|era|ERA|pstate|psr|status|badaddr|cause|Cause|CRMD|PRMD|ECFG|ESTAT|BADV) {0,3}: `,
  String.raw`(?:PC|LR) is at `,
  String.raw`Krnl (?:PSW|GPRS|Code)\b`,
  String.raw`(?:NIP|LR|MSR|CFAR|GPR\d\d|IRQMASK|REGS|XER|CTR)(?:: | \[)`,
]

const LABEL = [
  'Call [tT]race:',
  'Hardware name:',
  'CPU: \\d',
  'Modules linked in:',
  'Code: ',
  'RIP: ',
  'EIP: ',
  'IP: ',
  'in_atomic\\(\\): ',
  'preempt_count: ',
  'PGD ',
  'P4D ',
  '#PF: ',
  'Tainted: ',
  ' {0,40}Not tainted',
  'Kernel Offset:',
  'Workqueue:',
  'stack backtrace:',
  'irq event stamp:',
  'hardirqs last ',
  'softirqs last ',
  'Allocated (?:by task|in )',
  'Freed (?:by task|in )',
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
  // workqueues, CSD locks, interrupts that nobody took
  'Showing (?:busy workqueues|backtraces of)',
  'workqueue [^:]{1,80}: flags=',
  ' {2,8}(?:pwq \\d{1,9}:|in-flight:|pending:|inactive:)',
  'smp: [ \\t]{0,4}csd: ',
  'handlers:',
  'Disabling IRQ #',
  // kmemleak
  ' {1,4}(?:comm "|hex dump \\(first |backtrace(?: \\(crc [0-9a-f]{1,8}\\))?:)',
  'addr:',
  'file:',
  // arm64, arm, riscv
  'Mem abort info:',
  'Data abort info:',
  ' {1,4}(?:ESR|EC|SET|FSC|ISV|CM|EA|GCS|FnV) = ',
  '(?:ESR|FAR): 0x',
  '(?:Task|IRQ|Overflow|OVF) stack: ',
  '\\[[0-9a-f]{8,16}\\] (?:pgd|\\*pgd|address)',
  'swapper pgtable:',
  // s390, powerpc
  'Failing address:',
  'Fault in ',
  'AS:[0-9a-f]',
  'Last Breaking-Event',
  'Faulting instruction address:',
  'Instruction dump:',
  '(?:BE|LE) PAGE_SIZE=',
  // SLUB
  'Slab 0x',
  'Object 0x',
  '(?:Bytes b4|Object|Redzone|Padding) {1,4}[0-9a-f]{8,16}: ',
  '0x[0-9a-f]{8,16}-0x[0-9a-f]{8,16} @offset',
  'FIX [^:]{1,80}: ',
  // lockdep
  '(?: {1,8}|-> )#\\d{1,4}: ',
  '-> #\\d{1,4} \\(',
  '[0-9a-f]{8,16} \\(.{1,200}\\)\\{',
  ' {1,4}(?:-> )?\\(.{1,200}\\)\\{',
  'other info that might help us debug',
  'the existing dependency chain',
  'the (?:shortest )?dependenc',
  'Chain exists of:',
  ' {1,2}Possible (?:unsafe|interrupt unsafe) locking scenario',
  ' {1,2}\\*\\*\\* DEADLOCK \\*\\*\\*',
  '\\d{1,4} locks? held by ',
  'no locks held by ',
  '(?:but (?:this|task)|and this task|which lock already|which would create|to a |\\.\\.\\.)',
]

/** Lines only a report has: stack frames, registers, the labels around them. */
const BODY = [...FRAME, ...REGISTER, ...LABEL, String.raw`[ \t]{0,40}</?(?:TASK|IRQ|NMI|SOFTIRQ|EOI|#\w{1,8})>`]

/** The character that each text of an expression begins with, where that is one. */
function firstOf(source: string): string | null {
  const [, literal, blank, bracket] = /^(?:([A-Za-z0-9#-])(?![?*{])|( )\{[1-9]|\\(\[))/.exec(source) ?? []
  return literal ?? blank ?? bracket ?? null
}

const FIRST_OF_BODY = BODY.map(firstOf)

/** BODY by the first character of a line: a line is held against few of so many. The last is for characters past ASCII. */
const BODY_BY_FIRST = Array.from({ length: 0x81 }, (_, code) => {
  const char = String.fromCharCode(code)
  const own = BODY.filter((_one, index) => FIRST_OF_BODY[index] === null || FIRST_OF_BODY[index] === char)
  return new RegExp(`^(?:${own.join('|')})`)
})

const TRACE = /^\s{0,20}Call [tT]race:/
const END = /^-{0,40}---\[ end (?:trace|Kernel panic)/
const FENCE = /^={10,}$/

/** Where each architecture names the function that the kernel was in. */
const PLACE = new RegExp(
  [
    String.raw`\bR?E?IP: (?:[0-9a-f]{4}:)?(?:\[<[0-9a-f]{8,16}>\] {1,2}){0,2}([A-Za-z_][\w.$]{0,200})\+0x`,
    String.raw`\b(?:pc|epc|era|ERA) {0,3}: (?:\[?<?[0-9a-f]{8,16}>?\]? )?([A-Za-z_][\w.$]{0,200})\+0x`,
    String.raw`\bPC is at ([A-Za-z_][\w.$]{0,200})`,
    String.raw`\bNIP \[[0-9a-f]{8,16}\] ([A-Za-z_][\w.$]{0,200})`,
    String.raw`\bKrnl PSW : [0-9a-f]{16} [0-9a-f]{16} \(([A-Za-z_][\w.$]{0,200})`,
    String.raw`\bpc [0-9a-f]{16} \(?([A-Za-z_][\w.$]{0,200})\+0x`,
  ].join('|'),
)

/** Lines of other talk allowed inside one report before it counts as over. */
const MAX_GAP = 24

/** The same between a headline and the body that it certainly has: other CPUs and drivers talk in between. */
const MAX_GAP_BEFORE_BODY = 200

/** The same under words that are a report only with a trace: it follows at once. No report is over after fewer. */
export const MIN_GAP = 3

/** Longest report, in lines; lockdep's have been seen with more than a thousand. */
export const MAX_REPORT_LINES = 2000

/** Lines of other talk after which a report counts as over. */
export function maxGap(rule: SplatRule | null, sawTrace: boolean): number {
  if (rule === null || sawTrace) return MAX_GAP
  if (rule.withTrace) return MIN_GAP
  const isOops = rule.severity === 'oops' && (rule.part === 'head' || rule.announces)
  const hasBody = rule.placeFromTrace || rule.fenced || isOops || rule.id.startsWith('lockdep')
  return hasBody ? MAX_GAP_BEFORE_BODY : MAX_GAP
}

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

/** Shortest line that is anything to a report. */
const MIN_BODY = 3
const DASH = 0x2d
const EQUALS = 0x3d
/** First characters of lines that BODY and TRACE may match; those past ASCII are blanks at most. */
const FIRST = codesOf('\t\v\f [$#-.0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz(<')

/** What a line is to an open report. */
export function bodyLine(line: string): BodyLine {
  if (line.length < MIN_BODY) return 'other'
  const first = line.charCodeAt(0)
  if (first === EQUALS) return FENCE.test(line) ? 'fence' : 'other'
  if (first === DASH && END.test(line)) return 'end'
  if (first < 0x80 && FIRST[first] === 0) return 'other'
  if ((first <= 0x20 || first === 0x43 /* C */ || first >= 0x80) && TRACE.test(line)) return 'trace'
  return BODY_BY_FIRST[Math.min(first, 0x80)]!.test(line) ? 'body' : 'other'
}

/** The kernel function that RIP, or a register of another architecture, names in a line, or null: user addresses have no name. */
export function placeIn(line: string): string | null {
  const match = PLACE.exec(line)
  return match ? (match.slice(1).find((name) => name !== undefined) ?? null) : null
}

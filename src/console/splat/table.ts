/**
 * The splat table: one row per kind of kernel report. Patterns are those that LAVA, syzkaller, lkp, kunit, NIPA and kirk
 * scan for; the first row that matches a line wins, so the particular stands before the general. A new kind is one row.
 * Repeats are bounded: a guest that floods its log with half a headline must not slow the reader down.
 */
import type { SplatSeverity } from '#domain/splat.ts'

export interface SplatRule {
  readonly id: string
  readonly severity: SplatSeverity
  readonly pattern: RegExp
  /**
   * A line that can stand inside a report begun by another line: it joins that report instead of opening its own.
   * `head`: only before the report's stack trace (`Oops:` under `BUG:`); `any`: wherever a report is open.
   */
  readonly part?: 'head' | 'any'
  /** The headline says nothing of where: the function in RIP is added to the title. */
  readonly placeFromTrace?: true
  /** Its report comes behind a cut line that follows at once. */
  readonly announces?: true
  /** The report ends with a line of `=`. */
  readonly fenced?: true
}

/** Lines that look like a report and are none. `report` rows are whole reports to pass over: self-tests that splat on purpose. */
export interface IgnoreRule {
  readonly id: string
  readonly pattern: RegExp
  readonly report?: true
}

/** `DEBUG:`, `ODEBUG:`, `Boot_DEBUG:` and `_INFO:` need no row: `\b` keeps the patterns below off them. */
export const IGNORED: readonly IgnoreRule[] = [
  { id: 'lockdep-off', pattern: /INFO: lockdep is turned off/ },
  { id: 'nmi-handler-slow', pattern: /INFO: NMI handler .{0,120} took too long/ },
  { id: 'stall-ended', pattern: /Stall ended before state dump start/ },
  { id: 'mand-mount', pattern: /WARNING: .{0,60}mand.{0,60} mount option/ },
  { id: 'spectre-ebpf', pattern: /Spectre V2 : WARNING: Unprivileged eBPF/ },
  { id: 'unsupported-configuration', pattern: /WARNING: You are running an unsupported configuration/ },
  { id: 'ssh-moduli', pattern: /WARNING: \/etc\/ssh\/moduli/ },
  { id: 'sanitizer-selftest', report: true, pattern: /BUG: K\w+: .{0,200}\[(?:test_kasan|k(?:asan|fence|csan|msan)_test)\]/ },
]

export const RULES: readonly SplatRule[] = [
  // The system is gone.
  { id: 'panic', severity: 'fatal', pattern: /\bKernel panic\b/ },
  { id: 'double-fault', severity: 'fatal', pattern: /\bPANIC: double fault/, placeFromTrace: true },
  { id: 'early-exception', severity: 'fatal', pattern: /\bPANIC: early exception/ },
  { id: 'early-panic', severity: 'fatal', pattern: /\bPANIC: / },
  { id: 'rust-panic', severity: 'fatal', pattern: /\brust_kernel: panicked/ },
  { id: 'trusty-panic', severity: 'fatal', pattern: /\btrusty: panic/ },
  { id: 'halted', severity: 'fatal', pattern: /\bSystem halted/ },
  { id: 'initramfs', severity: 'fatal', pattern: /\bInitramfs unpacking failed:/ },
  { id: 'no-root', severity: 'fatal', pattern: /\bVFS: Unable to mount root/ },
  { id: 'board-reset', severity: 'fatal', pattern: /\bU-Boot SPL 20\d\d/ },
  { id: 'oom-deadlock', severity: 'fatal', pattern: /\bOut of memory and no killable processes/ },

  // Sanitizers.
  { id: 'kasan', severity: 'warning', pattern: /\bBUG: KASAN:/, fenced: true },
  { id: 'kmsan', severity: 'warning', pattern: /\bBUG: KMSAN:/, fenced: true },
  { id: 'kcsan', severity: 'warning', pattern: /\bBUG: KCSAN:/, fenced: true },
  { id: 'kfence', severity: 'warning', pattern: /\bBUG: KFENCE:/, fenced: true },
  { id: 'ubsan', severity: 'warning', pattern: /\bUBSAN:/, fenced: true },
  { id: 'kmemleak', severity: 'warning', pattern: /\bkmemleak: (?:unreferenced object 0x|\d+ new suspected)/ },
  { id: 'refcount', severity: 'warning', pattern: /\brefcount_t: \w/ },
  { id: 'ref-tracker', severity: 'warning', pattern: /\bref_tracker:/ },

  // Memory management. A bad page means that page tables or the page allocator are corrupt: what follows counts for nothing.
  { id: 'rss-counter', severity: 'warning', pattern: /\bBUG: Bad rss-counter state/ },
  { id: 'freed-page-tables', severity: 'warning', pattern: /\bBUG: non-zero (?:nr_ptes|nr_pmds|pgtables_bytes) on freeing mm/ },
  { id: 'bad-page-state', severity: 'oops', pattern: /\bBUG: Bad page state/ },
  { id: 'bad-page-map', severity: 'oops', pattern: /\bBUG: Bad page map/ },
  { id: 'bad-page-cache', severity: 'oops', pattern: /\bBUG: Bad page cache/ },
  // The guest's memory was too small for the case: no fault of the kernel's, but why a case was killed.
  { id: 'oom-killer', severity: 'warning', pattern: /\binvoked oom-killer: gfp_mask=0x/ },
  { id: 'page-allocation', severity: 'warning', pattern: /\bpage allocation failure: order:/ },
  { id: 'gup-stack', severity: 'warning', pattern: /\bGUP no longer grows the stack/ },
  { id: 'list-corruption', severity: 'warning', pattern: /\blist_(?:add|del)\w* corruption/, announces: true },

  // Locking.
  { id: 'lockdep-circular', severity: 'warning', pattern: /\bpossible circular locking dependency/ },
  { id: 'lockdep-recursive', severity: 'warning', pattern: /\bpossible recursive locking/ },
  { id: 'lockdep-inconsistent', severity: 'warning', pattern: /\binconsistent lock state/ },
  { id: 'lockdep-inversion', severity: 'warning', pattern: /\bpossible irq lock inversion/ },
  { id: 'suspicious-rcu', severity: 'warning', pattern: /\bsuspicious RCU usage/ },
  { id: 'unlock-balance', severity: 'warning', pattern: /\bbad unlock balance/ },
  { id: 'held-lock-freed', severity: 'warning', pattern: /\bheld lock freed/ },
  { id: 'sleep-in-atomic', severity: 'warning', pattern: /\bsleeping function called from invalid context/ },
  { id: 'schedule-in-atomic', severity: 'warning', pattern: /\bscheduling while atomic/ },
  { id: 'per-cpu-preemptible', severity: 'warning', pattern: /\bBUG: using \w+\(\) in preemptible/ },
  { id: 'lockdep-capacity', severity: 'notice', pattern: /\bBUG: MAX_(?:LOCK|STACK)\w+ too low/ },

  // Stuck.
  { id: 'soft-lockup', severity: 'stall', pattern: /\bBUG: soft lockup/, placeFromTrace: true },
  { id: 'hard-lockup', severity: 'stall', pattern: /\bhard LOCKUP/, placeFromTrace: true },
  { id: 'spinlock-lockup', severity: 'stall', pattern: /\bspinlock lockup/ },
  { id: 'workqueue-lockup', severity: 'stall', pattern: /\bworkqueue lockup/ },
  { id: 'rcu-stall', severity: 'stall', pattern: /\bINFO: rcu\w{0,20} .{0,20}detected (?:\w+ )?stall/, placeFromTrace: true },
  { id: 'hung-task', severity: 'stall', pattern: /\bblocked(?: in [\w/ ]{1,20})? for more than \d+ seconds/ },
  { id: 'cannot-die', severity: 'stall', pattern: /\btask \S+ can't die/ },
  { id: 'netdevice-wait', severity: 'stall', pattern: /\bunregister_netdevice: waiting for/ },

  // Userspace smell and loss: told, never deciding. The trap row stands before the kernel's own protection fault.
  { id: 'segfault', severity: 'notice', pattern: /\bsegfault at/ },
  { id: 'user-trap', severity: 'notice', pattern: /\btraps: .{0,60} (?:general protection|trap \w+)/ },
  { id: 'replayed-message', severity: 'notice', pattern: /\breplaying previous printk message/, part: 'any' },

  // Hurt.
  { id: 'kernel-bug', severity: 'oops', pattern: /\b[kK]ernel BUG at\b/, part: 'head' },
  { id: 'null-deref', severity: 'oops', pattern: /(?:\bBUG:|nable to handle) kernel NULL pointer/, placeFromTrace: true },
  { id: 'page-fault', severity: 'oops', pattern: /\b(?:BUG: u|U)nable to handle (?:kernel|page fault)/, placeFromTrace: true },
  { id: 'bad-pagetable', severity: 'oops', pattern: /\bCorrupted page table at address/ },
  { id: 'stack-guard', severity: 'oops', pattern: /\bBUG: (?:\w+ )?stack guard page was hit/, placeFromTrace: true },
  { id: 'stack-overflow', severity: 'oops', pattern: /\bkernel stack overflow/, part: 'head', placeFromTrace: true },
  { id: 'general-protection', severity: 'oops', pattern: /\bgeneral protection fault/, part: 'head', placeFromTrace: true },
  { id: 'stack-segment', severity: 'oops', pattern: /\bstack segment: /, part: 'head', placeFromTrace: true },
  { id: 'divide-error', severity: 'oops', pattern: /\bdivide error:/, part: 'head', placeFromTrace: true },
  { id: 'invalid-opcode', severity: 'oops', pattern: /\binvalid opcode:/, part: 'head', placeFromTrace: true },
  { id: 'int3', severity: 'oops', pattern: /\bint3:/, part: 'head', placeFromTrace: true },
  { id: 'cfi', severity: 'oops', pattern: /\bCFI failure/, part: 'head' },
  { id: 'unhandled-fault', severity: 'oops', pattern: /\bUnhandled fault:/, placeFromTrace: true },
  { id: 'alignment-trap', severity: 'oops', pattern: /\bAlignment trap:/ },
  { id: 'internal-error', severity: 'oops', pattern: /\bInternal error:/, part: 'head', placeFromTrace: true },
  { id: 'oops', severity: 'oops', pattern: /\bOops(?: -|:)/, part: 'head', placeFromTrace: true },
  { id: 'oops-counter', severity: 'oops', pattern: / \[#\d+\]/, part: 'head', placeFromTrace: true },

  // What has no row of its own.
  { id: 'bug', severity: 'oops', pattern: /\bBUG:/ },
  { id: 'warning', severity: 'warning', pattern: /\bWARNING:/, part: 'head' },
  { id: 'nmi-backtrace', severity: 'notice', pattern: /\bNMI backtrace/, part: 'any' },
  { id: 'call-trace', severity: 'notice', pattern: /\bCall [tT]race:/, part: 'any' },
  { id: 'stack-dump', severity: 'notice', pattern: /^Stack:/, part: 'any' },
]

/** A cut line whose report has no row: WARN() text, or a report cut short. */
export const CUT_RULE: SplatRule = { id: 'cut-here', severity: 'warning', pattern: /-{4,}\[ cut here \]-{4,}/ }

/** A kernel's first words, or its decompressor's: a second time in one log, the guest started again (a triple fault, a reset). */
const BANNER = /\bLinux version \d+\.\d+\S* \(|\bBooting the kernel\./
export const BANNER_RULE: SplatRule = { id: 'second-banner', severity: 'fatal', pattern: BANNER }

/** Reports past the number kept. */
export const OVERFLOW_RULE: SplatRule = { id: 'too-many-reports', severity: 'notice', pattern: /(?!)/ }

const EVERY = [...IGNORED, ...RULES, CUT_RULE, BANNER_RULE].map((rule) => rule.pattern)

/**
 * Every line that a row matches and few others: asked of each line before the table is walked. A leading `\b` is left out,
 * which more than halves what a plain line costs.
 */
const ANY = new RegExp(EVERY.map((pattern) => pattern.source.replace(/^\\b/, '')).join('|'))

/** Whether a row may match the line: false is certain, true is not. */
export function isSuspicious(line: string): boolean {
  return ANY.test(line)
}

/** The first row that matches the line, or null. */
export function ruleFor(line: string): SplatRule | null {
  return RULES.find((rule) => rule.pattern.test(line)) ?? null
}

/** The first must-ignore row that matches the line, or null. */
export function ignoredBy(line: string): IgnoreRule | null {
  return IGNORED.find((rule) => rule.pattern.test(line)) ?? null
}

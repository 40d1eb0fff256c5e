/**
 * The splat table: one row per kind of kernel report. Heads are those that LAVA, syzkaller, lkp, kunit, NIPA and kirk
 * scan for; the first row that matches a line wins, so the particular stands before the general. A new kind is one row.
 */
import { LOCKDEP, START, TASK, WORDS, withAllFields, type SplatRule } from './rule.ts'

/** What mips and loongarch put before a fault. */
const FAULT = /^(?:CPU \d{1,4} )?$/

/** A stall of RCU's own threads: said inside the report of a stall, or alone. */
const RCU_STARVED = [/rcu_\w{1,20} kthread starved for \d/, /rcu_\w{1,20} kthread timer wakeup didn't happen for /]

const ROWS: readonly SplatRule[] = [
  // The system is gone.
  { id: 'panic', severity: 'fatal', before: START, heads: [/Kernel panic - not syncing/, /Kernel panic(?=$|[ :])/] },
  { id: 'double-fault', severity: 'fatal', heads: [/PANIC: double fault/], placeFromTrace: true },
  { id: 'early-exception', severity: 'fatal', heads: [/PANIC: early exception/] },
  { id: 'early-panic', severity: 'fatal', heads: [/PANIC: /] },
  { id: 'trusty-panic', severity: 'fatal', heads: [/trusty: panic/] },
  { id: 'halted', severity: 'fatal', heads: [/System halted/] },
  { id: 'initramfs', severity: 'fatal', heads: [/Initramfs unpacking failed:/] },
  { id: 'no-root', severity: 'fatal', heads: [/VFS: Unable to mount root/] },
  { id: 'board-reset', severity: 'fatal', before: START, heads: [/U-Boot SPL 20\d\d/], afterKernel: true },
  { id: 'oom-deadlock', severity: 'fatal', heads: [/Out of memory and no killable processes/] },

  // Sanitizers.
  { id: 'kasan', severity: 'warning', heads: [/BUG: KASAN:/], fenced: true },
  { id: 'kmsan', severity: 'warning', heads: [/BUG: KMSAN:/], fenced: true },
  { id: 'kcsan', severity: 'warning', heads: [/BUG: KCSAN:/], fenced: true },
  { id: 'kfence', severity: 'warning', heads: [/BUG: KFENCE:/], fenced: true },
  // Where UBSAN is built to trap, the kernel dies of it.
  { id: 'ubsan-trap', severity: 'oops', heads: [/Internal error: UBSAN: /], placeFromTrace: true },
  { id: 'ubsan', severity: 'warning', heads: [/UBSAN:/] },
  {
    id: 'kmemleak',
    severity: 'warning',
    before: START,
    heads: [
      /kmemleak: unreferenced object 0x/,
      /unreferenced object 0x[0-9a-f]{8,16} \(size \d/,
      /kmemleak: \d{1,9} new suspected/,
      /kmemleak: Cannot insert 0x/,
      /kmemleak: (?:Found object by alias|Freeing unknown object|Partially freeing unknown object) at 0x/,
      /kmemleak: Trying to color unknown object/,
    ],
  },
  { id: 'refcount', severity: 'warning', heads: [/refcount_t: \w/] },
  { id: 'ref-tracker', severity: 'warning', heads: [/ref_tracker:/] },

  // Memory management. A bad page means that page tables or the page allocator are corrupt: what follows counts for nothing.
  {
    id: 'slub',
    severity: 'warning',
    before: START,
    heads: [
      /BUG [^\s:]\S{0,80}(?: [^\s:]{1,40}){0,3} \((?:Not tainted|Tainted: [^)]{0,60})\): \S/,
      /Slab corruption[ :]/,
      /slab error in \w{1,60}\(\): cache/,
    ],
  },
  { id: 'rss-counter', severity: 'warning', heads: [/BUG: Bad rss-counter state/] },
  { id: 'freed-page-tables', severity: 'warning', heads: [/BUG: non-zero (?:nr_ptes|nr_pmds|pgtables_bytes) on freeing mm/] },
  { id: 'bad-page-state', severity: 'oops', heads: [/BUG: Bad page state/] },
  { id: 'bad-page-map', severity: 'oops', heads: [/BUG: Bad page map/] },
  { id: 'bad-page-cache', severity: 'oops', heads: [/BUG: Bad page cache/] },
  // The guest's memory was too small for the case: no fault of the kernel's, but why a case was killed.
  { id: 'oom-killer', severity: 'warning', before: WORDS, heads: [/invoked oom-killer: gfp_mask=0x/] },
  {
    id: 'page-allocation',
    severity: 'warning',
    before: WORDS,
    heads: [/page allocation failure: order:/, /page allocation stalls for /, /vmalloc error: size /],
  },
  { id: 'gup-stack', severity: 'warning', heads: [/GUP no longer grows the stack/] },
  {
    id: 'list-corruption',
    severity: 'warning',
    heads: [/list_add\w{0,20} corruption/, /list_del\w{0,20} corruption/],
    announces: true,
  },

  // Files: what follows is use after free, with no other report on 5.10 and 6.1.
  {
    id: 'vfs-use-after-free',
    severity: 'warning',
    before: START,
    heads: [
      /VFS: Busy inodes after unmount of/,
      /VFS: Close: file count is (?:0|zero|-\d)/,
      /VFS: brelse: Trying to free free buffer/,
    ],
  },

  // Locking.
  { id: 'lockdep-circular', severity: 'warning', before: LOCKDEP, heads: [/possible circular locking dependency/] },
  { id: 'lockdep-recursive', severity: 'warning', before: LOCKDEP, heads: [/possible recursive locking/] },
  { id: 'lockdep-inconsistent', severity: 'warning', before: LOCKDEP, heads: [/inconsistent lock state/] },
  { id: 'lockdep-inversion', severity: 'warning', before: LOCKDEP, heads: [/possible irq lock inversion/] },
  {
    id: 'lockdep-irq-order',
    severity: 'warning',
    before: LOCKDEP,
    heads: [/HARDIRQ-\S{0,20}safe -> \S/, /SOFTIRQ-\S{0,20}safe -> \S/, /RECLAIM_FS-\S{0,20}safe -> \S/],
  },
  { id: 'lockdep-wait-context', severity: 'warning', before: LOCKDEP, heads: [/Invalid wait context/] },
  { id: 'lockdep-nested', severity: 'warning', before: LOCKDEP, heads: [/Nested lock was not taken/] },
  {
    id: 'lock-still-held',
    severity: 'warning',
    before: LOCKDEP,
    heads: [/lock held (?:when returning to user ?space|at task exit time)/, /still has locks held/],
  },
  { id: 'non-static-key', severity: 'warning', heads: [/INFO: trying to register non-static key/] },
  { id: 'suspicious-rcu', severity: 'warning', before: LOCKDEP, heads: [/suspicious RCU usage/] },
  { id: 'unlock-balance', severity: 'warning', before: LOCKDEP, heads: [/bad unlock balance/] },
  { id: 'lock-contention', severity: 'warning', before: LOCKDEP, heads: [/bad contention detected/] },
  { id: 'held-lock-freed', severity: 'warning', before: LOCKDEP, heads: [/held lock freed/] },
  { id: 'sleep-in-atomic', severity: 'warning', heads: [/BUG: sleeping function called from invalid context/] },
  {
    id: 'schedule-in-atomic',
    severity: 'warning',
    heads: [/BUG: scheduling while atomic/, /bad: scheduling from the idle thread/],
  },
  { id: 'atomic-context', severity: 'warning', heads: [/BUG: assuming (?:non migratable|atomic) context/] },
  { id: 'per-cpu-preemptible', severity: 'warning', heads: [/BUG: using \w{1,60}\(\) in preemptible/] },
  { id: 'lockdep-capacity', severity: 'notice', heads: [/BUG: MAX_(?:LOCK|STACK)\w{0,40} too low/] },
  {
    id: 'lock-debug',
    severity: 'warning',
    heads: [
      /BUG: spinlock (?!lockup)/,
      /BUG: raw_spinlock (?!lockup)/,
      /BUG: rwlock (?!lockup)/,
      /BUG: mutex /,
      /BUG: rt_mutex /,
      /BUG: looking up invalid subclass/,
      /BUG: key \S{1,40} (?:not in|has not been)/,
    ],
  },
  { id: 'workqueue-leak', severity: 'warning', heads: [/BUG: workqueue leaked/] },
  {
    id: 'lockdep',
    severity: 'warning',
    before: START,
    heads: [/\[ INFO: .{1,120} \]/, /\[ BUG: .{1,120} \]/, /\[ WARNING: .{1,120} \]/],
  },

  // Stuck.
  { id: 'soft-lockup', severity: 'stall', heads: [/BUG: soft lockup/], placeFromTrace: true },
  { id: 'hard-lockup', severity: 'stall', before: WORDS, heads: [/hard LOCKUP/, /Hard LOCKUP/], placeFromTrace: true },
  { id: 'spinlock-lockup', severity: 'stall', before: WORDS, heads: [/spinlock lockup/, /rwlock lockup/, /rwlock-lockup/] },
  { id: 'workqueue-lockup', severity: 'stall', heads: [/BUG: workqueue lockup/] },
  { id: 'rcu-stall', severity: 'stall', heads: [/INFO: rcu\w{0,20} .{0,20}detected (?:\w{1,20} )?stall/], placeFromTrace: true },
  { id: 'rcu-starved', severity: 'stall', heads: RCU_STARVED, part: 'any' },
  { id: 'csd-lock', severity: 'stall', heads: [/csd: Detected non-responsive CSD lock/] },
  { id: 'hung-task', severity: 'stall', before: TASK, heads: [/blocked(?: in [\w/ ]{1,20})? for more than \d{1,9} seconds/] },
  { id: 'cannot-die', severity: 'stall', before: TASK, heads: [/can't die/] },
  { id: 'netdevice-wait', severity: 'stall', heads: [/unregister_netdevice: waiting for/] },

  // Userspace smell and loss: reported, never deciding. The trap row stands before the kernel's own protection fault.
  { id: 'segfault', severity: 'notice', before: WORDS, heads: [/segfault at/, /segfault \(\d{1,2}\) at/] },
  { id: 'user-trap', severity: 'notice', heads: [/traps: .{0,60} (?:general protection|trap \w)/] },
  { id: 'replayed-message', severity: 'notice', before: WORDS, heads: [/replaying previous printk message/], part: 'any' },

  // Hurt.
  { id: 'rust-panic', severity: 'oops', before: START, heads: [/rust_kernel: panicked/], announces: true },
  { id: 'kernel-bug', severity: 'oops', heads: [/kernel BUG at\b/, /Kernel BUG at\b/], part: 'head' },
  {
    id: 'null-deref',
    severity: 'oops',
    before: FAULT,
    heads: [
      /BUG: kernel NULL pointer/,
      /BUG: Kernel NULL pointer/,
      /BUG: unable to handle kernel NULL pointer/,
      /Unable to handle kernel NULL pointer/,
    ],
    placeFromTrace: true,
  },
  {
    id: 'page-fault',
    severity: 'oops',
    before: FAULT,
    heads: [
      /BUG: unable to handle (?:kernel|page fault)/,
      /BUG: Unable to handle kernel/,
      /Unable to handle (?:kernel|page fault)/,
    ],
    placeFromTrace: true,
  },
  { id: 'bad-pagetable', severity: 'oops', before: WORDS, heads: [/Corrupted page table at address/] },
  { id: 'stack-guard', severity: 'oops', heads: [/BUG: (?:[\w#]{1,20} )?stack guard page was hit/], placeFromTrace: true },
  {
    id: 'stack-overflow',
    severity: 'oops',
    heads: [/Insufficient stack space to handle exception/, /kernel stack overflow/, /Kernel [sS]tack overflow/],
    part: 'head',
    placeFromTrace: true,
    endsInPanic: true,
  },
  {
    id: 'unhandled-exception',
    severity: 'oops',
    before: START,
    heads: [
      /SError Interrupt on CPU\d/,
      /Unhandled (?:64|32)-bit el\d/,
      /Bad mode in \w/,
      /Kernel Fault: Code=/,
      /Data bus error, epc ==/,
      /Instruction bus error, epc ==/,
    ],
    placeFromTrace: true,
    announces: true,
    endsInPanic: true,
  },
  { id: 'general-protection', severity: 'oops', heads: [/general protection fault/], part: 'head', placeFromTrace: true },
  { id: 'stack-segment', severity: 'oops', heads: [/stack segment: /], part: 'head', placeFromTrace: true },
  { id: 'divide-error', severity: 'oops', heads: [/divide error:/], part: 'head', placeFromTrace: true },
  { id: 'invalid-opcode', severity: 'oops', heads: [/invalid opcode:/], part: 'head', placeFromTrace: true },
  { id: 'int3', severity: 'oops', heads: [/int3:/], part: 'head', placeFromTrace: true },
  { id: 'cfi', severity: 'oops', heads: [/CFI failure/], part: 'head' },
  { id: 'unhandled-fault', severity: 'oops', heads: [/Unhandled fault:/], placeFromTrace: true },
  { id: 'alignment-trap', severity: 'oops', heads: [/Alignment trap:/] },
  { id: 'internal-error', severity: 'oops', heads: [/Internal error:/], part: 'head', placeFromTrace: true },
  { id: 'oops', severity: 'oops', heads: [/Oops:/, /Oops -/, /Oops \[#\d/, /Oops\[#\d/], part: 'head', placeFromTrace: true },
  {
    id: 'oops-counter',
    severity: 'oops',
    before: /^[\w :,.()-]{2,100}$/,
    heads: [
      / \[#\d{1,6}\](?=$| ?(?:SMP|PREEMPT|DEBUG_PAGEALLOC|KASAN|N?O?PTI|THUMB2|ARM)\b)/,
      // mips and loongarch
      /bug detected\[#\d{1,6}\]:$/,
      /kernel code\[#\d{1,6}\]:$/,
      /access\[#\d{1,6}\]:$/,
      /exception\[#\d{1,6}\]:$/,
      /kernel context!\[#\d{1,6}\]:$/,
    ],
    part: 'head',
    placeFromTrace: true,
  },

  // What has a trace and no word that others have.
  { id: 'irq-nobody-cared', severity: 'warning', before: /^irq \d{1,6}: $/, heads: [/nobody cared \(try booting with/] },
  { id: 'unchecked-msr', severity: 'warning', heads: [/unchecked MSR access error: /], placeFromTrace: true },
  { id: 'sysfs-duplicate', severity: 'warning', before: START, heads: [/sysfs: cannot create duplicate filename '/] },
  { id: 'file-system', severity: 'warning', heads: [/Internal error .{1,200} at line \d{1,6} of file /] },

  // What has no row of its own.
  { id: 'bug', severity: 'oops', before: START, heads: [/BUG:/] },
  { id: 'bug-words', severity: 'notice', heads: [/BUG:/], withTrace: 'oops' },
  {
    id: 'unwinder',
    severity: 'warning',
    before: START,
    heads: [/WARNING: kernel stack /, /WARNING: unrecognized unwind/, /WARNING: stack recursion/],
    part: 'any',
  },
  {
    id: 'warning',
    severity: 'warning',
    before: START,
    heads: [
      /WARNING: CPU: \d{1,6} PID: \d{1,9} at \S/,
      /WARNING: at \S/,
      /WARNING: \S{1,200}:\d{1,7} at \S/,
      /WARNING: \[.{1,240}\] \S{1,200}:\d{1,7}/,
    ],
    part: 'head',
  },
  { id: 'warning-words', severity: 'notice', before: START, heads: [/WARNING:/], part: 'head', withTrace: 'warning' },
  { id: 'nmi-backtrace', severity: 'notice', heads: [/NMI backtrace/], part: 'any' },
  { id: 'call-trace', severity: 'notice', before: /^\s{0,20}$/, heads: [/Call [tT]race:/], part: 'any' },
  { id: 'stack-dump', severity: 'notice', before: START, heads: [/Stack:/], part: 'any' },
]

export const RULES: readonly SplatRule[] = ROWS.map(withAllFields)

/** A cut line whose report has no row: WARN() text, or a report cut short. */
export const CUT_RULE = withAllFields({
  id: 'cut-here',
  severity: 'warning',
  before: /^-{0,40}$/,
  heads: [/----\[ cut here \]----/],
})

/** A kernel's first words, or its decompressor's: a second time in one log, the guest started again (a triple fault, a reset). */
export const BANNER_RULE = withAllFields({
  id: 'second-banner',
  severity: 'fatal',
  before: START,
  heads: [/Linux version \d{1,3}\.\d{1,3}\S{0,80} \(/, /Booting the kernel\./],
})

/** Reports past the number kept. */
export const OVERFLOW_RULE: SplatRule = { id: 'too-many-reports', severity: 'notice', heads: [] }

/** For a headline without a row of its own right under a line of `=`: lockdep's and RCU's way to begin. */
export const FENCED_RULE: SplatRule = RULES.find(({ id }) => id === 'lockdep')!

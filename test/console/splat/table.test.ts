/** Every row of the table has a line of real shape that it, and no earlier row, matches. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchLine } from '#console/splat/match.ts'
import { literalOf } from '#console/splat/rule.ts'
import { IGNORED } from '#console/splat/ignored.ts'
import { BANNER_RULE, CUT_RULE, RULES } from '#console/splat/table.ts'

const ruleOf = (line: string): string | null => matchLine(line, 'stamped')?.rule.id ?? null

const EXAMPLES: Readonly<Record<string, string>> = {
  panic: 'Kernel panic - not syncing: Fatal exception',
  'double-fault': 'traps: PANIC: double fault, error_code: 0x0',
  'early-exception': 'PANIC: early exception 0x0e IP 10:ffffffff81a2b3c4 error 0 cr2 0xffff888000000000',
  'early-panic': 'PANIC: invalid or fatal FRED event; event type 3 vector 14 error 0x0 aux 0x0 at 0010:ffffffff81a2b3c4',
  'trusty-panic': 'trusty: panic notifier - trusty version Built',
  halted: 'reboot: System halted',
  initramfs: 'Initramfs unpacking failed: junk within compressed archive',
  'no-root': 'VFS: Unable to mount root fs via NFS, trying floppy.',
  'board-reset': 'U-Boot SPL 2023.01 (Jan 01 2023 - 00:00:00 +0000)',
  'oom-deadlock': 'Out of memory and no killable processes...',
  kasan: 'BUG: KASAN: null-ptr-deref in foo+0x1/0x2',
  kmsan: 'BUG: KMSAN: uninit-value in foo+0x1/0x2',
  kcsan: 'BUG: KCSAN: data-race in foo / bar',
  kfence: 'BUG: KFENCE: use-after-free read in foo+0x1/0x2',
  'ubsan-trap': 'Internal error: UBSAN: array index out of bounds: 00000000f2005512 [#1] SMP',
  ubsan: 'UBSAN: array-index-out-of-bounds in mm/gup.c:1:2',
  kmemleak: 'kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)',
  refcount: 'refcount_t: underflow; use-after-free.',
  'ref-tracker': 'ref_tracker: eth0@ffff888100000000 has 1/1 users at',
  slub: 'BUG kmalloc-64 (Not tainted): Poison overwritten',
  'rss-counter': 'BUG: Bad rss-counter state mm:00000000c3a1d2f4 type:MM_ANONPAGES val:1',
  'freed-page-tables': 'BUG: non-zero pgtables_bytes on freeing mm: 4096',
  'bad-page-state': 'BUG: Bad page state in process repro  pfn:10a5b',
  'bad-page-map': 'BUG: Bad page map in process repro  pte:8000000010a5b867 pmd:10b7c067',
  'bad-page-cache': 'BUG: Bad page cache in process repro  pfn:10a5b',
  'oom-killer': 'repro invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE), order=0',
  'page-allocation': 'repro: page allocation failure: order:9, mode:0x40dc0(GFP_KERNEL)',
  'gup-stack': 'GUP no longer grows the stack in repro (71): 7ffe0000-7fff0000 (7ffd0000)',
  'list-corruption': 'list_add corruption. next->prev should be prev (ffff8881), but was ffff8882.',
  'vfs-use-after-free': 'VFS: Close: file count is 0',
  'lockdep-circular': 'WARNING: possible circular locking dependency detected',
  'lockdep-recursive': 'WARNING: possible recursive locking detected',
  'lockdep-inconsistent': 'WARNING: inconsistent lock state',
  'lockdep-inversion': 'WARNING: possible irq lock inversion dependency detected',
  'lockdep-irq-order': 'WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected',
  'lockdep-wait-context': '[ BUG: Invalid wait context ]',
  'lockdep-nested': 'WARNING: Nested lock was not taken',
  'lock-still-held': 'WARNING: repro/71 still has locks held!',
  'non-static-key': 'INFO: trying to register non-static key.',
  'suspicious-rcu': 'WARNING: suspicious RCU usage',
  'unlock-balance': 'WARNING: bad unlock balance detected!',
  'lock-contention': 'WARNING: bad contention detected!',
  'held-lock-freed': 'WARNING: held lock freed!',
  'sleep-in-atomic': 'BUG: sleeping function called from invalid context at mm/memory.c:1',
  'schedule-in-atomic': 'BUG: scheduling while atomic: repro/71/0x00000002',
  'atomic-context': 'BUG: assuming non migratable context at mm/gup.c:1',
  'per-cpu-preemptible': 'BUG: using smp_processor_id() in preemptible [00000000] code: repro/71',
  'lockdep-capacity': 'BUG: MAX_LOCKDEP_CHAINS too low!',
  'lock-debug': 'BUG: spinlock bad magic on CPU#0, repro/71',
  'workqueue-leak': 'BUG: workqueue leaked lock or atomic: kworker/0:1/0x00000000/8',
  lockdep: '[ INFO: a head of a kernel to come ]',
  'soft-lockup': 'watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [repro:71]',
  'hard-lockup': 'NMI watchdog: Watchdog detected hard LOCKUP on cpu 0',
  'spinlock-lockup': 'BUG: spinlock lockup suspected on CPU#0, repro/71',
  'workqueue-lockup': 'BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!',
  'rcu-stall': 'rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D }',
  'rcu-starved': 'rcu: rcu_preempt kthread starved for 2101 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x0 ->cpu=0',
  'csd-lock': 'smp: csd: Detected non-responsive CSD lock (#1) on CPU#0, waiting 5000000000 ns for CPU#01 f+0x0/0x10(0x0).',
  'hung-task': 'INFO: task repro:71 blocked for more than 120 seconds.',
  'cannot-die': "INFO: task repro:71 can't die for more than 143 seconds.",
  'netdevice-wait': 'unregister_netdevice: waiting for lo to become free. Usage count = 2',
  segfault: 'repro[71]: segfault at 0 ip 0000000000401136 sp 00007ffc2a5b7e40 error 6 in repro[401000+95000]',
  'user-trap': 'traps: repro[71] trap invalid opcode ip:401136 sp:7ffe0a5c3a58 error:0',
  'replayed-message': 'replaying previous printk message',
  'rust-panic': "rust_kernel: panicked at 'index out of bounds'",
  'kernel-bug': 'kernel BUG at mm/memory.c:1021!',
  'null-deref': 'BUG: kernel NULL pointer dereference, address: 0000000000000008',
  'page-fault': 'BUG: unable to handle page fault for address: ffffea0401b2c348',
  'bad-pagetable': 'repro: Corrupted page table at address 7fc447200000',
  'stack-guard': 'BUG: TASK stack guard page was hit at 00000000c3a1d2f4',
  'stack-overflow': 'kernel stack overflow (double-fault): 0000 [#1] SMP',
  'unhandled-exception': 'SError Interrupt on CPU0, code 0x00000000bf000002 -- SError',
  'general-protection': 'general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP',
  'stack-segment': 'stack segment: 0000 [#1] SMP',
  'divide-error': 'divide error: 0000 [#1] SMP',
  'invalid-opcode': 'invalid opcode: 0000 [#1] SMP',
  int3: 'int3: 0000 [#1] SMP',
  cfi: 'CFI failure at foo+0x1/0x2 (target: bar+0x0/0x4; expected type: 0x12345678)',
  'unhandled-fault': 'Unhandled fault: alignment exception (0x001) at 0x00000001',
  'alignment-trap': 'Alignment trap: repro (71) PC=0x00010456',
  'internal-error': 'Internal error: SP/PC alignment exception: 8a000000 [#1] SMP',
  oops: 'Oops: 0002 [#1] PREEMPT SMP PTI',
  'oops-counter': 'unknown trap: 0002 [#1]',
  'irq-nobody-cared': 'irq 11: nobody cared (try booting with the "irqpoll" option)',
  'unchecked-msr': 'unchecked MSR access error: WRMSR to 0x123 (tried to write 0x0000000000000000) at rIP: 0xffffffff81234567',
  'sysfs-duplicate': "sysfs: cannot create duplicate filename '/class/a'",
  'file-system':
    'XFS (vda1): Internal error ltbno + ltlen > bno at line 2036 of file fs/xfs/libxfs/xfs_alloc.c.  Caller f+0x1/0x2',
  bug: 'BUG: Dentry 00000000c3a1d2f4{i=1,n=a} still in use (1) [unmount of tmpfs tmpfs]',
  'bug-words': 'driver: BUG: not what it says',
  unwinder: "WARNING: kernel stack regs at 0000000000000000 in repro:71 has bad 'bp' value 0000000000000000",
  warning: 'WARNING: CPU: 0 PID: 1 at mm/gup.c:61 foo+0x1/0x2',
  'warning-words': 'WARNING: fbcon: a driver missed to adjust virtual screen size',
  'nmi-backtrace': 'NMI backtrace for cpu 0',
  'call-trace': 'Call Trace:',
  'stack-dump': 'Stack:',
}

test('the examples are those of the rows', () => {
  assert.deepEqual(
    Object.keys(EXAMPLES),
    RULES.map((rule) => rule.id),
  )
})

for (const rule of RULES) {
  test(`${rule.id} matches its line first`, () => {
    assert.equal(ruleOf(EXAMPLES[rule.id] ?? ''), rule.id)
  })
}

test('hung tasks of 7.1 and later say what they wait for', () => {
  assert.equal(ruleOf('INFO: task repro:71 blocked in I/O wait for more than 120 seconds.'), 'hung-task')
})

const PASSED_OVER: Readonly<Record<string, string>> = {
  'lockdep-off': 'INFO: lockdep is turned off.',
  'nmi-handler-slow': 'INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.512 msecs',
  'stall-ended': 'rcu: INFO: Stall ended before state dump start',
  'mand-mount': 'WARNING: the mand mount option is being deprecated and',
  'spectre-ebpf': 'Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on',
  'unsupported-configuration': 'WARNING: You are running an unsupported configuration',
  'ssh-moduli': 'WARNING: /etc/ssh/moduli does not exist, using fixed modulus',
  'sanitizer-selftest': 'BUG: KASAN: slab-out-of-bounds in kmalloc_oob_right+0x199/0x3d0 [kasan_test]',
}

test('every must-ignore row passes its line over', () => {
  assert.deepEqual(
    Object.entries(PASSED_OVER).map(([, line]) => ruleOf(line)),
    IGNORED.map((rule) => rule.id),
  )
  assert.deepEqual(
    Object.keys(PASSED_OVER),
    IGNORED.map((rule) => rule.id),
  )
})

const TALK = ['DEBUG: a', 'ODEBUG: a', 'Boot_DEBUG: a', 'my_INFO: task a', 'BUG_ON enabled', 'a Linux version', 'Warning: b']

for (const line of TALK) {
  test(`${line} is no report`, () => assert.equal(ruleOf(line), null))
}

/** Words of a report in the middle of another message, of a program or of a driver. */
const QUOTED = [
  'alphafs: name "x Kernel panic" is not allowed',
  'tester: no Kernel panic - not syncing: seen',
  'tester: built for Linux version 6.1.0 (me@box)',
  'Speculative Return Stack Overflow: WARNING: kernel not compiled with CPU_SRSO.',
  'XFS (vdb): WARNING: Reset corrupted AGFL on AG 3.',
  'tester[90]: wrote "BUG: KASAN: x" to its log',
]

for (const line of QUOTED) {
  test(`${line} is not a report, with a stamp or without`, () => {
    for (const kind of ['stamped', 'unstamped', 'stampless'] as const) assert.equal(matchLine(line, kind), null, kind)
  })
}

test('a head behind a prompt counts where the log has no stamps', () => {
  const line = 'root@box:~# Kernel panic - not syncing: x'
  assert.equal(matchLine(line, 'stampless')?.message, 'Kernel panic - not syncing: x')
  assert.equal(matchLine(line, 'unstamped'), null)
})

test('a head behind an inner stamp counts everywhere, without what is glued behind it', () => {
  const line = 'box login: [   10.000500][   T90] kernel BUG at mm/a.c:1! [   10.000600] audit: x'
  for (const kind of ['stamped', 'unstamped', 'stampless'] as const)
    assert.equal(matchLine(line, kind)?.message, 'kernel BUG at mm/a.c:1!')
})

test('each head begins with a literal, as the search needs it', () => {
  for (const { heads } of [...IGNORED, ...RULES, CUT_RULE, BANNER_RULE]) {
    for (const head of heads) {
      assert.ok(literalOf(head).length >= 3, head.source)
      assert.doesNotMatch(head.source.replaceAll(/\(\?[:!=](?:[^()]|\([^()]*\))*\)/g, ''), /\|/, head.source)
      assert.doesNotMatch(head.source, /[^\\](?:\+|\*)|,\}/, head.source)
    }
  }
})

test('ids are unique and words', () => {
  const ids = [...RULES, ...IGNORED, CUT_RULE, BANNER_RULE].map((rule) => rule.id)
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.match(id, /^[a-z0-9-]+$/)
})

test('the words of a result are not a message behind a prompt, and those behind a prompt are one', () => {
  for (const line of [
    'not ok 4 copy # BUG: not seen',
    '    ok 1 a # SKIP BUG: KASAN: is off',
    'ok 2 # WARNING: CPU: 1 PID: 1 at a',
  ]) {
    assert.equal(matchLine(line, 'stampless'), null, line)
  }
  for (const line of ['# BUG: KASAN: use-after-free in f', 'box:~# BUG: KASAN: use-after-free in f']) {
    assert.equal(matchLine(line, 'stampless')?.rule.id, 'kasan', line)
  }
  // Kernel text that was printed into a result has its stamp.
  assert.equal(matchLine('ok 1 a[    3.141592] BUG: KASAN: use-after-free in f', 'stampless')?.rule.id, 'kasan')
})

/** One title per bug: a headline without what differs from boot to boot and from build to build. */
import type { SplatRule } from './rule.ts'

const MAX_TITLE_LENGTH = 160

/** In order; each takes something away or makes it plain, and none makes the title longer. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  // 6.10 puts this before the name of the trap.
  [/^Oops: (?=[a-z])/, ''],
  // `[ INFO: possible circular locking dependency detected ]` before 4.11.
  [/^\[ ((?:INFO|BUG|WARNING): .*?)[.!]? \]$/, '$1'],
  // The shapes of one headline: before 6.19, and since with a function, with none, with a condition.
  [/^WARNING: (?:CPU: \d+ PID: \d+ )?at (\S+:\d+) ([\w.]+).*/, 'WARNING: $1 in $2'],
  [/^WARNING: (?:\[.*\] )?(\S+:\d+) at 0x0\b.*/, 'WARNING: $1'],
  [/^WARNING: (?:\[.*\] )?(\S+:\d+) at ([\w.]+).*/, 'WARNING: $1 in $2'],
  [/^WARNING: \[.*\] (\S+:\d+)\b.*/, 'WARNING: $1'],
  [/^WARNING: (?:CPU: \d+ PID: \d+ )?at ([\w.]+)\+0x.*/, 'WARNING: in $1'],
  // `repro: Corrupted page table at address 7fc447200000`
  [/^\S+: (Corrupted page table) at address.*/, '$1'],
  // `: 0002 [#1] PREEMPT SMP PTI`
  [/:? ?\b[0-9a-f]{4,16} \[#\d+\].*/, ''],
  [/ ?\[#\d+\].*/, ''],
  [/^(CFI failure at \S+) \(target: .*/, '$1'],
  [/ exitcode=0x[0-9a-f]+.*/, ''],
  // Headlines that go on with figures.
  [/\b(oom-killer|page allocation failure):.*/, '$1'],
  [/\b(page allocation stalls) for .*/, '$1'],
  [/\b(vmalloc error): .*/, '$1'],
  [/\b(unreferenced object) 0x.*/, '$1'],
  [/\b(unchecked MSR access error: \w+) (?:to|from) 0x.*/, '$1'],
  [/\b(non-responsive CSD lock) \(#.*/, '$1'],
  [/\b(SError Interrupt) on .*/, '$1'],
  [/\b(Unhandled \d+-bit \w+ .*?) on CPU.*/, '$1'],
  [/\b(Bad mode in .*?) detected on CPU.*/, '$1'],
  [/\b(kthread starved|kthread timer wakeup didn't happen) for .*/, '$1'],
  [/\birq \d+: (nobody cared) .*/, 'irq: $1'],
  [/ at line \d+ (of file \S+?)\.? +Caller .*/, ' $1'],
  [/\b(while atomic: [^\s/]+)\/.*/, '$1'],
  [/\b(rss-counter state) mm:\S+ (type:\w+|idx:\d).*/, '$1 $2'],
  [/\b(on freeing mm): .*/, '$1'],
  [/\b(in process \S+) +(?:pte|pmd|pud|p4d|pgd|pfn|addr):.*/, '$1'],
  [/\b(stalls? on CPUs\/tasks): .*/, '$1'],
  [/\b(list_\w+ corruption\. \S+) .*/, '$1'],
  [/\b(VFS: Busy inodes after unmount) of .*/, '$1'],
  [/\b(VFS: Close: file count is 0) .*/, '$1'],
  [/\b(kmemleak: Cannot insert) 0x\S+ (into the object search tree).*/, '$1 $2'],
  [/\b(kmemleak: )\d+ (new suspected memory leak).*/, '$1$2'],
  [/\b(BUG: workqueue l(?:eaked|ockup)[^:-]*)[:-].*/, '$1'],
  [/\b(BUG: (?:raw_)?(?:spin|rw)lock [a-z/ ]+?) on CPU.*/i, '$1'],
  [/\bDentry \S+\{[^}]*\}/, 'Dentry'],
  [/\b(still in use) \(\d+\)/, '$1'],
  [/(?<![. ])[. ]*\bUsage count = \d+/, ''],
  [/,? \b(?:epc|era|ra) == .*/, ''],
  [/\(Tainted: [^)]*\)/, '(Tainted)'],
  [/\bkworker\/[\w:.+-]*/g, 'kworker'],
  [/,? error_code: ?0x[0-9a-f]+/, ''],
  [/ at \S+ \(stack is .*/, ''],
  [/\b(blocked)(?: in [\w/ ]+)? for more than \d+.*/, '$1'],
  [/\bsegfault at .*/, 'segfault'],
  [/ ip:[0-9a-f]+ sp:.*/, ''],
  // `foo.isra.0+0x12/0x340`
  [/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, ''],
  [/\.(?:isra|constprop|part|cold|llvm|lto_priv)\b(?:\.\d+)*/g, ''],
  // `for address: ffffea0000000108`, `(0xff..)`, a bare pointer
  [/,? (?:probably )?(?:for |at |on )?(?:non-canonical |virtual |user )?addr(?:ess)?:? (?:0x)?[0-9a-f]{4,16}\b/g, ''],
  [/ at (?:0x[0-9a-f]+|[0-9a-f]{8,16}| *\(null\))(?!\w)/g, ''],
  [/ @ \S+$/, ''],
  [/: [0-9a-f]{4} ilc:\d\b.*/, ''],
  [/\(0x[0-9a-f]+\)|\b0x[0-9a-f]+\b/g, ''],
  [/\b[0-9a-f]{16}\b/g, ''],
  // `[repro:123]`, `repro[123]`, `task repro:123`, `repro/123`, `PID: 123`, `CPU#1`
  [/ ?\[(?:[^\]\s]+:)?\d+\]/g, ''],
  [/\b(task [^\s:]+):\d+/g, '$1'],
  [/(\w)\/\d+\b(?![/.\w])/g, '$1'],
  [/,? ?(?:\b(?:on|for) )?\b(?:pid|cpu)s?(?:[:= ]+|#)\d+,?/gi, ''],
  [/\b(?:for )?(?:more than )?\d+(?:\.\d+)? ?(?:s|secs?|seconds|jiffies|ms|us)\b!?/g, ''],
  [/^\s+|(?<![\s:,.!=])[\s:,.!=]+$/g, ''],
  [/\s{2,}/g, ' '],
]

/** Times the steps are taken at most; a headline that still changes then is made to need more. */
const MAX_TURNS = 6

/**
 * The headline as one string per bug: addresses, offsets, pids, cpu numbers, times and compiler suffixes taken out.
 * Bounded in length; doing it twice changes nothing.
 */
export function normaliseTitle(headline: string): string {
  let title = headline.slice(0, 2 * MAX_TITLE_LENGTH)
  // Taking one thing out can bring two others together, so until nothing changes.
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const before = title
    for (const [pattern, plain] of STEPS) title = title.replace(pattern, plain)
    title = title.slice(0, MAX_TITLE_LENGTH)
    if (title === before) return title
  }
  // Nothing of what the steps look for is in bare letters.
  return title.replaceAll(/[^A-Za-z]+/g, '').slice(0, MAX_TITLE_LENGTH)
}

/** The title of a report: its headline, and the function the kernel was in where the headline names none. */
export function titleOf(rule: SplatRule, headline: string, place: string | null): string {
  const title = normaliseTitle(headline) || rule.id
  const lacksPlace = rule.placeFromTrace || /^WARNING: \S+:\d+$/.test(title)
  return place && lacksPlace ? `${title} in ${normaliseTitle(place)}` : title
}

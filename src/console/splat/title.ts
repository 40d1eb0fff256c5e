/** One title per bug: a headline without what differs from boot to boot and from build to build. */
import { STAMP } from '../lines.ts'

const LONGEST_TITLE = 160

/** In order; each takes something away or makes it plain, and none makes the title longer. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  // What stood before a glued message: a prompt, another message cut by it.
  [new RegExp(`^.*${STAMP} ?(?=.)`), ''],
  // 6.10 puts this before the name of the trap.
  [/^Oops: (?=[a-z])/, ''],
  // Two shapes of one headline: before and since 6.19.
  [/WARNING: (?:CPU: \d+ PID: \d+ )?at (\S+:\d+) ([\w.]+).*/, 'WARNING: $1 in $2'],
  [/WARNING: (\S+:\d+) at ([\w.]+)\S*, CPU.*/, 'WARNING: $1 in $2'],
  [/WARNING: (?:CPU: \d+ PID: \d+ )?at ([\w.]+)\+0x.*/, 'WARNING: in $1'],
  // `repro: Corrupted page table at address 7fc447200000`
  [/^\S+: (Corrupted page table) at address.*/, '$1'],
  // `: 0002 [#1] PREEMPT SMP PTI`
  [/:? ?\b[0-9a-f]{4,16} \[#\d+\].*/, ''],
  [/ ?\[#\d+\].*/, ''],
  // Headlines that go on with figures.
  [/\b(oom-killer|page allocation failure):.*/, '$1'],
  [/\b(while atomic: [^\s/]+)\/.*/, '$1'],
  [/\b(rss-counter state) mm:\S+ (type:\w+|idx:\d).*/, '$1 $2'],
  [/\b(on freeing mm): .*/, '$1'],
  [/\b(in process \S+) +(?:pte|pmd|pud|p4d|pgd|pfn|addr):.*/, '$1'],
  [/\b(stalls? on CPUs\/tasks): .*/, '$1'],
  [/\b(list_\w+ corruption\. \S+) .*/, '$1'],
  [/,? error_code: ?0x[0-9a-f]+/, ''],
  [/ at \S+ \(stack is .*/, ''],
  [/\b(blocked)(?: in [\w/ ]+)? for more than \d+.*/, '$1'],
  [/\bsegfault at .*/, 'segfault'],
  [/ ip:[0-9a-f]+ sp:.*/, ''],
  // `foo.isra.0+0x12/0x340`
  [/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, ''],
  [/\.(?:isra|constprop|part|cold|llvm|lto_priv)\b(?:\.\d+)*/g, ''],
  // `for address: ffffea0000000108`, `(0xff..)`, a bare pointer
  [/,? (?:probably )?(?:for )?(?:non-canonical )?address:? (?:0x)?[0-9a-f]{4,16}\b/g, ''],
  [/\(?\b0x[0-9a-f]+\b\)?/g, ''],
  [/\b[0-9a-f]{16}\b/g, ''],
  // `[repro:123]`, `repro[123]`, `task repro:123`, `repro/123`, `PID: 123`, `CPU#1`
  [/ ?\[(?:[^\]\s]+:)?\d+\]/g, ''],
  [/\b(task [^\s:]+):\d+/g, '$1'],
  [/(\w)\/\d+\b(?![/.\w])/g, '$1'],
  [/,? ?(?:\b(?:on|for) )?\b(?:pid|cpu)s?(?:[:= ]+|#)\d+,?/gi, ''],
  [/\b(?:for )?(?:more than )?\d+(?:\.\d+)? ?(?:s|secs?|seconds|jiffies|ms|us)\b!?/g, ''],
  [/^\s+|[\s:,.!=]+$/g, ''],
  [/\s{2,}/g, ' '],
]

/**
 * The headline as one string per bug: addresses, offsets, pids, cpu numbers, times and compiler suffixes taken out.
 * Bounded in length; doing it twice changes nothing.
 */
export function normaliseTitle(headline: string): string {
  let title = headline.slice(0, 2 * LONGEST_TITLE)
  // Taking one thing out can bring two others together, so until nothing changes; it ends because each turn shortens.
  for (let before = ''; before !== title;) {
    before = title
    for (const [pattern, plain] of STEPS) title = title.replace(pattern, plain)
    title = title.slice(0, LONGEST_TITLE)
  }
  return title
}

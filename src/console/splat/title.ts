/** One title per bug: a headline without what differs from boot to boot and from build to build. */
import { createLiteralSearch } from './literals.ts'
import type { SplatRule } from './rule.ts'

const MAX_TITLE_LENGTH = 160

/**
 * In order; each takes something away or makes it plain, and none makes the title longer. The texts behind some: a title
 * with none of them is not touched by the step.
 */
const STEPS: readonly (readonly [RegExp, string, (readonly string[])?])[] = [
  // 6.10 puts this before the name of the trap.
  [/^Oops: (?=[a-z])/, '', ['Oops: ']],
  // `[ INFO: possible circular locking dependency detected ]` before 4.11.
  [/^\[ ((?:INFO|BUG|WARNING): .*?)[.!]? \]$/, '$1', ['[ ']],
  // The shapes of one headline: before 6.19, and since with a function, with none, with a condition.
  [/^WARNING: (?:CPU: \d+ PID: \d+ )?at (\S+:\d+) ([\w.]+).*/, 'WARNING: $1 in $2', ['WARNING: ']],
  [/^WARNING: (?:\[.*\] )?(\S+:\d+) at 0x0\b.*/, 'WARNING: $1', ['WARNING: ']],
  [/^WARNING: (?:\[.*\] )?(\S+:\d+) at ([\w.]+).*/, 'WARNING: $1 in $2', ['WARNING: ']],
  [/^WARNING: \[.*\] (\S+:\d+)\b.*/, 'WARNING: $1', ['WARNING: ']],
  [/^WARNING: (?:CPU: \d+ PID: \d+ )?at ([\w.]+)\+0x.*/, 'WARNING: in $1', ['WARNING: ']],
  // `repro: Corrupted page table at address 7fc447200000`
  [/^\S+: (Corrupted page table) at address.*/, '$1', ['Corrupted page table']],
  // `: 0002 [#1] PREEMPT SMP PTI`
  [/:? ?\b[0-9a-f]{4,16} \[#\d+\].*/, '', ['[#']],
  [/ ?\[#\d+\].*/, '', ['[#']],
  [/^(CFI failure at \S+) \(target: .*/, '$1', ['CFI failure at ']],
  [/ exitcode=0x[0-9a-f]+.*/, '', [' exitcode=0x']],
  // Headlines that go on with figures.
  [/\b(oom-killer|page allocation failure):.*/, '$1', ['oom-killer:', 'page allocation failure:']],
  [/\b(page allocation stalls) for .*/, '$1', ['page allocation stalls']],
  [/\b(vmalloc error): .*/, '$1', ['vmalloc error']],
  [/\b(unreferenced object) 0x.*/, '$1', ['unreferenced object']],
  [/\b(unchecked MSR access error: \w+) (?:to|from) 0x.*/, '$1', ['unchecked MSR']],
  [/\b(non-responsive CSD lock) \(#.*/, '$1', ['non-responsive CSD']],
  [/\b(SError Interrupt) on .*/, '$1', ['SError Interrupt']],
  [/\b(Unhandled \d+-bit \w+ .*?) on CPU.*/, '$1', ['Unhandled ']],
  [/\b(Bad mode in .*?) detected on CPU.*/, '$1', ['Bad mode in']],
  [/\b(kthread starved|kthread timer wakeup didn't happen) for .*/, '$1', ['kthread starved', 'kthread timer wakeup']],
  [/\birq \d+: (nobody cared) .*/, 'irq: $1', ['nobody cared']],
  [/ at line \d+ (of file \S+?)\.? +Caller .*/, ' $1', [' at line ']],
  [/\b(while atomic: [^\s/]+)\/.*/, '$1', ['while atomic: ']],
  [/\b(rss-counter state) mm:\S+ (type:\w+|idx:\d).*/, '$1 $2', ['rss-counter state']],
  [/\b(on freeing mm): .*/, '$1', ['on freeing mm: ']],
  [/\b(in process \S+) +(?:pte|pmd|pud|p4d|pgd|pfn|addr):.*/, '$1', ['in process ']],
  [/\b(self-detected stall on CPU)\b.*/, '$1', ['self-detected stall']],
  [/\b(stalls? on CPUs\/tasks): .*/, '$1', ['on CPUs/tasks: ']],
  [/\b(list_\w+ corruption\. \S+) .*/, '$1', ['corruption. ']],
  [/\b(VFS: Busy inodes after unmount) of .*/, '$1', ['VFS: Busy inodes']],
  [/\b(VFS: Close: file count is 0) .*/, '$1', ['VFS: Close: file']],
  [/\b(kmemleak: Cannot insert) 0x\S+ (into the object search tree).*/, '$1 $2', ['kmemleak: Cannot']],
  [/\b(kmemleak: )\d+ (new suspected memory leak).*/, '$1$2', ['kmemleak: ']],
  [/\b(BUG: workqueue l(?:eaked|ockup)[^:-]*)[:-].*/, '$1', ['BUG: workqueue l']],
  [/\b(BUG: (?:raw_)?(?:spin|rw)lock [a-z/ ]+?) on CPU.*/i, '$1'],
  [/\bDentry \S+\{[^}]*\}/, 'Dentry', ['Dentry ']],
  [/\b(still in use) \(\d+\)/, '$1', ['still in use']],
  [/(?<![. ])[. ]*\bUsage count = \d+/, '', ['Usage count']],
  [/,? \b(?:epc|era|ra) == .*/, '', ['== ']],
  [/\(Tainted: [^)]*\)/, '(Tainted)', ['(Tainted: ']],
  [/\bkworker\/[\w:.+-]*/g, 'kworker', ['kworker/']],
  [/,? error_code: ?0x[0-9a-f]+/, '', ['error_code:']],
  [/ at \S+ \(stack is .*/, '', ['(stack is ']],
  [/\b(blocked)(?: in [\w/ ]+)? for more than \d+.*/, '$1', ['for more than ']],
  [/\bsegfault at .*/, 'segfault', ['segfault at ']],
  [/ ip:[0-9a-f]+ sp:.*/, '', [' ip:']],
  // `foo.isra.0+0x12/0x340`
  [/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, '', ['+0x']],
  [
    /\.(?:isra|constprop|part|cold|llvm|lto_priv)\b(?:\.\d+)*/g,
    '',
    ['.isra', '.constprop', '.part', '.cold', '.llvm', '.lto_priv'],
  ],
  // `for address: ffffea0000000108`, `(0xff..)`, a bare pointer
  [/,? (?:probably )?(?:for |at |on )?(?:non-canonical |virtual |user )?addr(?:ess)?:? (?:0x)?[0-9a-f]{4,16}\b/g, '', ['addr']],
  [/ at (?:0x[0-9a-f]+|[0-9a-f]{8,16}| *\(null\))(?!\w)/g, '', [' at ']],
  [/ @ \S+$/, '', [' @ ']],
  [/: [0-9a-f]{4} ilc:\d\b.*/, '', ['ilc:']],
  [/\(0x[0-9a-f]+\)|\b0x[0-9a-f]+\b/g, '', ['0x']],
  [/\b[0-9a-f]{16}\b/g, ''],
  // `[repro:123]`, `repro[123]`, `task repro:123`, `repro/123`, `PID: 123`, `CPU#1`
  [/ ?\[(?:[^\]\s]+:)?\d+\]/g, '', ['[']],
  [/\b(task [^\s:]+):\d+/g, '$1', ['task ']],
  [/(\w)\/\d+\b(?![/.\w])/g, '$1', ['/']],
  [/,? ?(?:\b(?:on|for) )?\b(?:pid|cpu)s?(?:[:= ]+|#)\d+,?/gi, ''],
  [/\b(?:for )?(?:more than )?\d+(?:\.\d+)? ?(?:s|secs?|seconds|jiffies|ms|us)\b!?/g, ''],
  [/^\s+|(?<![\s:,.!=])[\s:,.!=]+$/g, ''],
  [/\s{2,}/g, ' '],
]

const NEEDED = STEPS.flatMap(([, , needed = []], step) => needed.map((text) => ({ text, step })))
const SEARCH = createLiteralSearch(NEEDED.map(({ text }) => text))
/** 1 for the steps that are taken whatever the title holds. */
const ALWAYS = Uint8Array.from(STEPS, ([, , needed]) => (needed === undefined ? 1 : 0))
const taken = new Uint8Array(STEPS.length)

/** The title after each step that can touch it, once. */
function takeSteps(title: string): string {
  taken.set(ALWAYS)
  const count = SEARCH.search(title)
  for (let found = 0; found < count; found += 1) taken[NEEDED[SEARCH.literals[found]!]!.step] = 1
  let text = title
  for (let step = 0; step < STEPS.length; step += 1) {
    if (taken[step] === 0) continue
    const [pattern, plain] = STEPS[step]!
    text = text.replace(pattern, plain)
  }
  return text.slice(0, MAX_TITLE_LENGTH)
}

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
    title = takeSteps(title)
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

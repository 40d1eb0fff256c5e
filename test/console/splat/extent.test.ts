/** How far a report reaches where other CPUs and drivers talk between its headline and its body. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConsole } from '#console/splat/reader.ts'

/** Headlines that certainly have a body, and the function their titles end with. */
const HEADLINES: readonly (readonly [headline: string, place: string])[] = [
  ['BUG: kernel NULL pointer dereference, address: 0000000000000000', 'bar'],
  ['BUG: unable to handle page fault for address: ffffc90000000000', 'bar'],
  ['Unable to handle kernel paging request at virtual address ffff800000000000', 'bar'],
  ['Internal error: Oops: 0000000096000004 [#1] SMP', 'bar'],
  ['general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP', 'bar'],
  ['watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [a:1]', 'bar'],
  ['rcu: INFO: rcu_sched detected stalls on CPUs/tasks:', 'bar'],
  ['BUG: KASAN: slab-use-after-free in foo+0x1/0x2', 'foo'],
  ['BUG: KFENCE: use-after-free read in foo+0x1/0x2', 'foo'],
  ['WARNING: possible circular locking dependency detected', 'detected'],
]
const BODY = [
  'CPU: 1 PID: 2 Comm: a Not tainted 6.1.0 #1',
  'RIP: 0010:bar+0x1/0x2',
  'Call Trace:',
  ' foo+0x1/0x2',
  ' baz+0x3/0x4',
]

for (const [headline, place] of HEADLINES) {
  test(`"${headline}" and its body are one report, whatever is said in between`, () => {
    for (const talk of [0, 24, 40, 190]) {
      const between = Array.from({ length: talk }, (_, n) => `usb 1-1: device ${n} found`)
      const lines = ['Linux version 6.1.0 (a@b) gcc', headline, ...between, ...BODY, 'usb 1-1: done']
      const { splats } = readConsole(Buffer.from(lines.map((line) => `[    1.234567] ${line}\r\n`).join(''))).reading
      assert.deepEqual(
        splats.map(({ firstLine, lastLine }) => [firstLine, lastLine]),
        [[2, lines.length - 1]],
        `${talk} lines`,
      )
      assert.ok(splats[0]?.title.endsWith(place), splats[0]?.title)
    }
  })
}

test('a lockdep report of 1,900 lines keeps its trace, and what follows another headline is of that', () => {
  const chain = Array.from({ length: 60 }, (_, n) => [
    `-> #${60 - n} (&a->lock){+.+.}-{3:3}:`,
    ...Array<string>(30).fill('       foo+0x1/0x2'),
  ])
  const report = ['WARNING: possible circular locking dependency detected', ...chain.flat(), 'stack backtrace:', ...BODY]
  const lines = [...report, 'BUG: kernel NULL pointer dereference, address: 0000000000000000', ...BODY]
  const { splats } = readConsole(Buffer.from(lines.map((line) => `[    1.234567] ${line}\n`).join(''))).reading
  assert.deepEqual(
    splats.map(({ rule, firstLine, lastLine }) => [rule, firstLine, lastLine]),
    [
      ['lockdep-circular', 1, report.length],
      ['null-deref', report.length + 1, lines.length],
    ],
  )
})

/** What guests write, for property tests: pieces of real logs thrown together with noise. */
import fc from 'fast-check'

const PIECES = [
  '[    1.234567] ',
  '[    1.234567][    T1] ',
  '<6>',
  '\x1b[31m',
  '\x1b]0;t\x07',
  '\x1b',
  '[0m',
  '\r',
  '\0',
  '\n',
  ' ',
  '    ',
  '  ',
  '# ',
  '#',
  'ok 1 a',
  'not ok 2 b',
  'ok',
  '1..2',
  '1..0 # SKIP no',
  'KTAP version 1',
  'TAP version 13',
  '# Subtest: s',
  '# SKIP why',
  '---',
  '...',
  'Bail out! gone',
  '# selftests: mm: cow',
  ' # XFAIL',
  'BUG: ',
  'Kernel panic - not syncing: x',
  'Call Trace:',
  ' <TASK>',
  ' </TASK>',
  ' foo.isra.0+0x12/0x34',
  'RIP: 0010:foo+0x1/0x2',
  '------------[ cut here ]------------',
  'WARNING: CPU: 0 PID: 1 at mm/a.c:1 f',
  '---[ end trace 0000000000000000 ]---',
  '==========================',
  'Linux version 6.1.0 (x',
  'BUG: KASAN: x in y+0x1/0x2',
  'Oops: 0000 [#1] SMP',
  'INFO: task a:1 blocked for more than 120 seconds.',
  '** 3 printk messages dropped **',
  '<script>',
  '\uFFFD',
  'ü',
  '☃',
  '0x1234',
  'ffff888104c5e100',
  'kernel BUG at mm/a.c:1!',
  'words',
  '99999999999999999999',
  '__proto__',
]

const piece = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
)

/** Text of any shape that a serial port could carry. */
export const consoleText: fc.Arbitrary<string> = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))

/** Lines of such text, long enough that reports and documents open and close in it. */
export const consoleLog: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), consoleText), { maxLength: 60 })
  .map((lines) => lines.join('\n'))

/** Cut bytes into chunks of the given sizes, the rest last. */
export function* chunksOf(whole: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let start = 0
  for (const size of sizes) {
    yield whole.subarray(start, start + size)
    start += size
  }
  yield whole.subarray(start)
}

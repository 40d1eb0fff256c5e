/** Text made to be slow to read: every literal of the readers, whole and cut short, repeated into lines of any length. */
import { IGNORED, RULES } from '#console/splat/table.ts'
import { literalOf } from '#console/splat/rule.ts'
import { MAX_LINE_LENGTH } from '#console/lines.ts'

/** Pieces of what the other expressions of the readers look for. */
const PIECES = [
  '',
  'a',
  ' ',
  '\t',
  '-',
  '=',
  '.',
  '#',
  '# ',
  '\\#',
  ':',
  ': ',
  'a: ',
  '[',
  ']',
  '[ ',
  '(',
  ')',
  '"',
  "'",
  '>',
  '/',
  '\\',
  '0',
  '1',
  '+0x1',
  '\r',
  '\x1b',
  '\x1b[',
  '\x1b[1',
  '\x1b]',
  '\x1b]0;a',
  '\x1bP',
  '\x1b(',
  '\x1b  ',
  '\x9b',
  '\x9d',
  '\x9da',
  '\0',
  '\uFFFD',
  'ü',
  '☃',
  '<6>',
  '<',
  '[    1.234567]',
  '[    1.234567] ',
  '[    1.23',
  '[1.234567][  T1]',
  '[  +0.000001] ',
  '[Sat Jan 31 12:00:00 2026] ',
  'Jan 31 12:00:00 box kernel: ',
  '** 1 printk messages dropped',
  '0',
  '9',
  'ok',
  'ok ',
  'ok 1',
  'ok 1 a',
  'not ok',
  'not ok 1 a # ',
  'ok 1 # SKIP ',
  'ok # a',
  ' # SKIP',
  ' # XFAILX',
  ' # error',
  ' # todoo',
  '1..2',
  '1..2 # ',
  'KTAP version 1',
  'TAP version 13',
  '# TAP version 13',
  '# Subtest: a',
  '# selftests: a',
  '    ok 1 a',
  '  ---',
  '  ...',
  'Bail out!',
  '[PASS]',
  '[PASS] ',
  '[ PASS',
  'a [FAIL]',
  'Testing a...',
  'Testing a... done',
  'done',
  ' done',
  ' done [reason: ',
  'failed [reason: ',
  '[RUN] a',
  'pass=1, skip=0, ',
  'Call Trace:',
  ' f+0x1/0x2',
  '---[ end trace',
  '---[ cut here',
  '----[ cut here ]----',
  '------------[ cut here ]------------',
  '===========',
  'RIP: 0010:',
  'RIP: 0010:f+0x1/0x2',
  'pc : ',
  'pc : f+0x1',
  'NIP [c0] f',
  '#0: ',
  '-> #1 (a',
  '0xffff',
  'ffff888104c5e100',
  'Linux version 6.1.0 (',
  'login: ',
  'WARNING: [a] ',
  'WARNING: a:1 at ',
  'WARNING: CPU: 1 PID: 1 at a:1 f+0x1/0x2',
  'BUG a (Not tainted): ',
  'BUG: KASAN: x [kasan',
  'a'.repeat(39),
]

const LITERALS = [...new Set([...IGNORED, ...RULES].flatMap(({ heads }) => heads.map(literalOf)))]

function repeated(piece: string, length: number): string {
  return piece.repeat(Math.max(1, Math.floor(length / Math.max(1, piece.length)))).slice(0, Math.max(1, length))
}

/** Lines by what they are made of: a piece or a literal again and again, behind a head or under an open report. */
function* hostileLines(): Generator<readonly [string, string]> {
  const heads = [
    '',
    '[    1.234567] ',
    'BUG: KASAN: ',
    'ok 1 a ',
    'not ok 1 # ',
    '# ',
    '    ',
    'Testing a... ',
    'WARNING: [',
    'x ',
  ]
  const ends = ['', ']', ' x', '!']
  for (const piece of [...PIECES, ...LITERALS]) {
    for (const length of [1, 150, MAX_LINE_LENGTH - 60]) {
      for (const head of heads) {
        for (const end of ends) {
          yield [
            `${JSON.stringify(head)} ${JSON.stringify(piece)}* ${JSON.stringify(end)} to ${length}`,
            head + repeated(piece, length) + end,
          ]
        }
      }
    }
  }
  yield ['all literals', LITERALS.join(' ')]
  yield ['all literals, each a message', LITERALS.map((literal) => `[    1.234567] ${literal}`).join(' ')]
  yield ['all pieces', PIECES.join('')]
}

/** Whole logs of such lines, each of `size` bytes or a little more. */
export function* hostileLogs(size: number): Generator<readonly [string, Uint8Array]> {
  for (const [what, line] of hostileLines()) {
    yield [what, Buffer.from(`${line}\n`.repeat(Math.ceil(size / (line.length + 1))))]
    const opened = `BUG: kernel NULL pointer dereference\n${line}\n`
    if (line.length < 400) yield [`${what}, each under a headline`, Buffer.from(opened.repeat(Math.ceil(size / opened.length)))]
  }
}

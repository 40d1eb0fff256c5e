/** Shapes of hostile text: some lines to begin with, then a few lines again and again, up to any size. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MAX_LINE_LENGTH } from '#console/lines.ts'
import { attacksOn } from './attacks.ts'
import { findReaderExpressions } from './expressions.ts'
import { LITERALS, PIECES } from './pieces.ts'
import type { Random } from './random.ts'

export interface Shape {
  /** Lines that are said first, `times` times: they bring a reader into a state. */
  readonly opening: readonly string[]
  readonly times: number
  /** Lines that fill the rest. COUNT in a line is the number of its turn, SCATTER one that jumps. */
  readonly body: readonly string[]
}

const COUNT = '\u{E000}'
const SCATTER = '\u{E001}'

const HEADS = ['', '[    1.234567] ', 'BUG: KASAN: ', 'ok 1 a ', 'not ok 1 # ', '# ', '    ', 'Testing a... ', 'WARNING: [', 'x ']
const ENDS = ['', ']', ' x', '!', '\r', ':', ' # SKIP', '\x1b[0m']
const LENGTHS = [0, 0, 0, 1, 2, 8, 40, 150, MAX_LINE_LENGTH - 60, 4 * MAX_LINE_LENGTH]
const OPENINGS = [1, 1, 2, 10, 300]
const NUMBERED = ['ok', 'not ok', 'BUG: a', 'WARNING: at a', '[PASS] a', '1..', '# selftests: a', 'Testing a'].flatMap((head) => [
  `${head} ${COUNT}`,
  `${head} ${SCATTER}`,
  `${head}${COUNT}... b`,
])

const GOLDEN = ['console', 'ktap', 'loose'].flatMap((folder) => {
  const path = join(import.meta.dirname, '../../golden', folder)
  const files = readdirSync(path).filter((file) => !file.endsWith('.md'))
  return files.flatMap((file) => readFileSync(join(path, file), 'utf8').split('\n'))
})
/** Lines of real logs, each once, and pieces of the readers' own expressions. */
const WHOLE_LINES = [...new Set(GOLDEN)]
const ATOMS = [...PIECES, ...LITERALS]
/** Lines designed against each expression of the readers. */
const ATTACKS = [...new Set((await findReaderExpressions()).flatMap(attacksOn))]
/** Lines after which a reader looks for what it looks for nowhere else: an open report, a result, a child, a test begun. */
const STATES = ['BUG: a', '----[ cut here ]----', 'ok 1 a', '1..2', '# selftests: a', '    ok 1', 'Testing a...', '[RUN] a']

function repeated(piece: string, length: number): string {
  return piece.repeat(Math.max(1, Math.floor(length / Math.max(1, piece.length))))
}

function numbered(line: string, turn: number): string {
  if (!line.includes(COUNT) && !line.includes(SCATTER)) return line
  return line.replaceAll(COUNT, String(turn + 1)).replaceAll(SCATTER, String((turn * 7919) % 999_983))
}

/** Text of a shape, of `size` bytes or a little more. */
export function render({ opening, times, body }: Shape, size: number): Uint8Array {
  const parts: string[] = []
  for (let turn = 0; turn < times; turn += 1) for (const line of opening) parts.push(numbered(line, turn), '\n')
  let length = parts.reduce((sum, part) => sum + part.length, 0)
  for (let turn = 0; length < size; turn += 1) {
    for (const line of body) {
      const text = numbered(line, turn)
      parts.push(text, '\n')
      length += text.length + 1
    }
  }
  return Buffer.from(parts.join(''))
}

/** A shape in words: its lines as JSON, long ones cut. */
export function nameOf({ opening, times, body }: Shape): string {
  const say = (lines: readonly string[]) =>
    lines
      .map((line) => {
        const text = JSON.stringify(line.replaceAll(COUNT, '<n>').replaceAll(SCATTER, '<r>'))
        return text.length > 60 ? `${text.slice(0, 50)}... (${line.length})` : text
      })
      .join(' ')
  return times > 0 && opening.length > 0 ? `${times} x ${say(opening)} then ${say(body)}` : say(body)
}

/** Every atom alone, and again and again to the length of a line, behind every head. */
export function* plainShapes(): Generator<Shape> {
  const shape = (line: string): Shape => ({ opening: [], times: 0, body: [line] })
  for (const line of WHOLE_LINES) yield shape(line)
  for (const line of ATTACKS) {
    yield shape(line)
    for (const state of STATES) yield { opening: [], times: 0, body: [state, line, line] }
  }
  for (const atom of ATOMS) {
    for (const head of HEADS) {
      yield shape(head + atom)
      yield shape(head + repeated(atom, 150))
      yield shape(head + repeated(atom, MAX_LINE_LENGTH - 60))
    }
    for (const end of ENDS) yield shape(repeated(atom, MAX_LINE_LENGTH - 60) + end)
  }
  yield shape(ATOMS.join(''))
  yield shape(LITERALS.join(' '))
  yield shape(LITERALS.map((literal) => `[    1.234567] ${literal}`).join(' '))
}

function randomLine({ below, pick }: Random): string {
  const kind = below(9)
  if (kind < 2) return pick(WHOLE_LINES)
  if (kind === 8) return pick(ATTACKS)
  if (kind === 2) return pick(NUMBERED)
  if (kind === 3) return pick(ATOMS) + pick(ATOMS) + pick(ATOMS)
  return pick(HEADS) + repeated(pick(ATOMS), pick(LENGTHS)) + (kind === 4 ? pick(ENDS) : '')
}

/** Any shape. */
export function randomShape(random: Random): Shape {
  const { below, pick } = random
  const lines = (most: number) => Array.from({ length: 1 + below(most) }, () => randomLine(random))
  return below(3) === 0 ? { opening: lines(3), times: pick(OPENINGS), body: lines(3) } : { opening: [], times: 0, body: lines(4) }
}

/** A shape a little different from one, or two put together. */
export function mutated(shape: Shape, other: Shape, random: Random): Shape {
  const { below, pick } = random
  const body = [...shape.body]
  const at = below(body.length)
  const line = body[at]!
  switch (below(9)) {
    case 0:
      body.splice(at, 0, randomLine(random))
      break
    case 1:
      if (body.length > 1) body.splice(at, 1)
      break
    case 2:
      body[at] = line.slice(0, below(line.length + 1)) + pick(ATOMS) + line.slice(below(line.length + 1))
      break
    case 3:
      body[at] = line.slice(0, below(line.length + 1))
      break
    case 4:
      body[at] = pick(HEADS) + line
      break
    case 5:
      body[at] = line + line
      break
    case 6:
      body.push(...other.body)
      break
    case 7:
      return { opening: other.body, times: pick(OPENINGS), body }
    default:
      return shape.times > 0 ? { ...shape, times: below(2 * shape.times) } : { ...shape, body: [pick(ATOMS) + line] }
  }
  return { ...shape, body: body.slice(0, 6).map((one) => one.slice(0, 8 * MAX_LINE_LENGTH)) }
}

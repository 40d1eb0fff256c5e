/** Lines designed against one regular expression: what it matches, what it nearly matches, and both as long as a line may be. */
import { MAX_LINE_LENGTH } from '#console/lines.ts'
import { parseExpression, partsOf, write } from './expression.ts'

/** Length to which text is repeated. */
const LONG = MAX_LINE_LENGTH - 60

/** What makes a match fail at its end. */
const SPOILERS = ['', '!', '\u2028']

/**
 * The lines: each part that repeats taken as often as it may, once more, or to the length of a line, each choice in turn;
 * whole, cut behind the part, spoiled, and again and again.
 */
export function attacksOn(expression: Pick<RegExp, 'source' | 'flags'>): string[] {
  const root = parseExpression(expression)
  const lines = new Set<string>()

  function add(text: string): void {
    // Newlines end a line, whatever an expression allows.
    const line = text.replaceAll('\n', ' ')
    if (line === '') return
    for (const spoiler of SPOILERS) lines.add(line + spoiler)
    if (line.length < LONG / 2) lines.add(line.repeat(Math.floor(LONG / line.length)))
  }

  add(write(root, null, 0).text)
  add(write(root, null, 0).text.slice(0, -1))
  for (const part of partsOf(root)) {
    const size = Math.max(1, write(part.kind === 'repeat' ? part.item : part, null, 0).text.length)
    const fill = Math.ceil(LONG / size)
    const most = part.kind === 'repeat' ? part.max : 1
    for (const times of new Set([Math.min(most, fill), Math.min(most + 1, fill), most === 1 ? 1 : fill])) {
      const { text, cut } = write(root, part, times)
      add(text)
      add(text.slice(0, cut))
    }
  }
  return [...lines]
}

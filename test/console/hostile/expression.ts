/** Regular expressions taken apart, as far as it needs to write text that they match, or nearly. */

export type Node =
  /** One character: a literal, an escape, a class or a dot, as its source. */
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number }

const NOTHING: Node = { kind: 'sequence', items: [] }

/** Characters that stand for a class, the likeliest first. */
const CANDIDATES = [...'a0 -x.:A/_"#', ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), '\u2028', '\u00FC']

/** Take an expression apart; what looks ahead or behind, and anchors, count as nothing. Throws for what is not an expression. */
export function parseExpression({ source, flags }: Pick<RegExp, 'source' | 'flags'>): Node {
  const whole = new RegExp(source, flags).source
  let at = 0

  function choice(): Node {
    const items = [sequence()]
    while (whole[at] === '|') {
      at += 1
      items.push(sequence())
    }
    return items.length === 1 ? items[0]! : { kind: 'choice', items }
  }

  function sequence(): Node {
    const items: Node[] = []
    while (at < whole.length && whole[at] !== '|' && whole[at] !== ')') items.push(repeated(item()))
    return { kind: 'sequence', items }
  }

  function item(): Node {
    const char = whole[at]!
    if (char === '(') return group()
    if (char === '^' || char === '$') return skip(1)
    if (char === '[') return one(classEnd(at))
    if (char !== '\\') return one(at + 1)
    if (/^\\[bB]/.test(whole.slice(at))) return skip(2)
    const [escape = ''] = /^\\(?:u\{[0-9a-f]+\}|u[0-9a-f]{4}|x[0-9a-f]{2}|.)/i.exec(whole.slice(at)) ?? []
    return one(at + escape.length)
  }

  function group(): Node {
    const [opening = ''] = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(whole.slice(at)) ?? []
    at += opening.length
    const inner = choice()
    at += 1
    return /[=!]$/.test(opening) ? NOTHING : inner
  }

  function classEnd(from: number): number {
    let end = from + 1
    while (whole[end] !== ']') end += whole[end] === '\\' ? 2 : 1
    return end + 1
  }

  function one(end: number): Node {
    const char = sampleOf(whole.slice(at, end), flags)
    at = end
    return { kind: 'char', char }
  }

  function skip(length: number): Node {
    at += length
    return NOTHING
  }

  function repeated(node: Node): Node {
    const [text = '', min, comma, max] = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})/.exec(whole.slice(at)) ?? []
    if (text === '') return node
    at += text.length
    if (whole[at] === '?') at += 1
    if (text === '?') return { kind: 'repeat', item: node, min: 0, max: 1 }
    if (min === undefined) return { kind: 'repeat', item: node, min: text === '+' ? 1 : 0, max: Infinity }
    return { kind: 'repeat', item: node, min: Number(min), max: comma === '' ? Number(min) : Number(max || Infinity) }
  }

  return choice()
}

/** A character that is matched by the source of one. */
function sampleOf(source: string, flags: string): string {
  const pattern = new RegExp(`^(?:${source})$`, flags.replaceAll(/[gy]/g, ''))
  const found = CANDIDATES.find((char) => pattern.test(char))
  if (found !== undefined) return found
  const [, code = ''] = /^\\(?:u\{?|x)([0-9a-f]+)/i.exec(source) ?? []
  return code === '' ? source : String.fromCodePoint(Number.parseInt(code, 16))
}

/** The parts of an expression that repeat, or are one of several. */
export function* partsOf(node: Node): Generator<Node> {
  if (node.kind === 'repeat') {
    yield node
    yield* partsOf(node.item)
  } else if (node.kind !== 'char') {
    for (const item of node.items) {
      if (node.kind === 'choice') yield item
      yield* partsOf(item)
    }
  }
}

function has(node: Node, part: Node): boolean {
  if (node === part) return true
  if (node.kind === 'repeat') return has(node.item, part)
  return node.kind !== 'char' && node.items.some((item) => has(item, part))
}

/**
 * The shortest text of an expression, but with one `part` in it, repeated `times`; without a part, the shortest text. `cut` is
 * where the part ends.
 */
export function write(root: Node, part: Node | null, times: number): { readonly text: string; readonly cut: number } {
  let text = ''
  let cut = 0

  function put(node: Node): void {
    if (node.kind === 'char') text += node.char
    else if (node.kind !== 'repeat') {
      const own = part === null ? undefined : node.items.find((item) => has(item, part))
      if (node.kind === 'sequence') node.items.forEach(put)
      else put(own ?? node.items[0]!)
    } else {
      const count = node === part ? times : part !== null && has(node.item, part) ? Math.max(1, node.min) : node.min
      for (let turn = 0; turn < count; turn += 1) put(node.item)
    }
    if (node === part) cut = text.length
  }

  put(root)
  return { text, cut: part === null ? text.length : cut }
}

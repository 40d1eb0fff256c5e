/** The order of Debian package versions (deb-version(7)). */

/** Negative, zero or positive when `left` comes before, equals or comes after `right`. */
export function compareDebianVersions(left: string, right: string): number {
  const [a, b] = [split(left), split(right)]
  return a.epoch - b.epoch || compareParts(a.upstream, b.upstream) || compareParts(a.revision, b.revision)
}

function split(text: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(text) ?? []
  const dash = rest.lastIndexOf('-')
  return { epoch: Number(epoch), upstream: dash < 0 ? rest : rest.slice(0, dash), revision: dash < 0 ? '' : rest.slice(dash + 1) }
}

/** Compare alternating runs of non-digits (by character order) and of digits (by number). */
function compareParts(left: string, right: string): number {
  const a = runs(left)
  const b = runs(right)
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [x, y] = [a[index] ?? '', b[index] ?? '']
    const order = index % 2 === 0 ? compareText(x, y) : compareNumbers(x, y)
    if (order !== 0) return order
  }
  return 0
}

/** The runs, non-digits first: a text that starts with a digit has an empty first run. */
function runs(text: string): string[] {
  const found: string[] = text.match(/\d+|\D+/g) ?? []
  return /^\d/.test(text) ? ['', ...found] : found
}

function compareNumbers(left: string, right: string): number {
  const a = left.replace(/^0+/, '')
  const b = right.replace(/^0+/, '')
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}

/** `~` sorts before the end, the end before letters, letters before other characters. */
function compareText(left: string, right: string): number {
  const weight = (char: string | undefined) =>
    char === undefined ? 0 : char === '~' ? -1 : /[a-z]/i.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = weight(left[index]) - weight(right[index])
    if (order !== 0) return order
  }
  return 0
}

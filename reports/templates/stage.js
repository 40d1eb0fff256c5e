/**
 * Stages a long matrix: the browser lays out what is on the screen first, and the parts beyond it when there is nothing else to do.
 * Left alone it prepares three screens at once, which takes longer than a letter in the filter may take. `later` in the class of a
 * part means that it is not laid out yet.
 */
function stageMatrix({ root, rows }) {
  const parts = [...root.querySelectorAll('section')]
  const isLong = root.classList.contains('large')
  /** Milliseconds without a change before parts beyond the screen are laid out. */
  const REST_MS = 200
  /** Parts to either side that are laid out one by one; the browser skips those further away by itself. */
  const NEAR = 6
  /** Pixels of a row and of what a part has beside its rows. */
  const [ROW, EDGE] = [26, 6]
  const whenFree = globalThis.requestIdleCallback ?? setTimeout
  let timer = 0
  /** Parts still to be laid out, the nearest first. */
  let waiting = parts.filter((part) => part.classList.contains('later'))
  let near = waiting.length && 2 * NEAR

  /** Lay out the next part; all at once where they are far away. */
  function layNext(change) {
    if (change !== timer || waiting.length === 0) return
    for (const part of waiting.splice(0, near > 0 ? 1 : waiting.length)) part.classList.remove('later')
    near -= 1
    whenFree(() => layNext(change))
  }

  function rest() {
    clearTimeout(timer)
    const change = timer = setTimeout(() => whenFree(() => layNext(change)), REST_MS)
  }

  /** Leave those parts for later that are not on the screen when these rows are shown (flags by row). */
  function hold(shownRows) {
    if (!isLong) return
    const counts = new Map(parts.map((part) => [part, 0]))
    let total = 0
    rows.forEach(({ section }, row) => {
      if (!shownRows[row]) return
      counts.set(section, counts.get(section) + 1)
      total += 1
    })
    const height = root.clientHeight
    const first = Math.max(0, Math.min(root.scrollTop / ROW, total - height / ROW)) - 2
    const last = first + height / ROW + 4
    const [before, behind] = [[], []]
    let start = 0
    for (const part of parts) {
      const end = start + counts.get(part)
      const isSeen = (end > first && start < last) || part.contains(document.activeElement)
      part.classList.toggle('later', !isSeen)
      part.style.containIntrinsicHeight = isSeen ? '' : `${counts.get(part) * ROW + EDGE}px`
      if (!isSeen) (start < first ? before : behind).push(part)
      start = end
    }
    waiting = []
    for (before.reverse(); before.length || behind.length;) waiting.push(...behind.splice(0, 1), ...before.splice(0, 1))
    near = 2 * NEAR
    rest()
  }

  /** Lay out the part of a row now, with those beside it. */
  function reveal(row) {
    const at = parts.indexOf(rows[row]?.section)
    if (at >= 0) for (const part of parts.slice(Math.max(0, at - 1), at + 2)) part.classList.remove('later')
  }

  if (waiting.length) rest()
  return { hold, reveal }
}

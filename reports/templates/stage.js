/**
 * Shows the matrix in stages. Of a long one a letter in the filter draws what is on the screen; the parts beyond it are made and
 * drawn when there is nothing else to do, when they come into sight, or before they are printed. `later` in the class of a part
 * means that it is not laid out yet: left alone the browser prepares three screens at once, which takes longer than a letter may.
 */
function stageMatrix(matrix, shown) {
  const { root, parts, rows, columns } = matrix
  const isLong = root.classList.contains('large')
  const heads = root.querySelector('.heads')
  /** What follows the matrix, mostly off the screen: painting it anew would take longer than the rows. */
  const below = isLong ? [...document.querySelectorAll('.board ~ section')] : []
  /** Milliseconds without a change before parts beyond the screen are laid out. */
  const REST_MS = 200
  /** Parts to either side that are laid out one by one; the browser skips those further away by itself. */
  const NEAR = 6
  /** Milliseconds that making a part may take. */
  const PART_MS = 8
  /** Pixels of a row, on a phone and elsewhere, and of what a part has beside its rows. */
  const [NARROW_ROW, WIDE_ROW, EDGE] = [27.6, 24.25, 4]
  const isNarrow = matchMedia('(max-width: 44rem)')
  const whenFree = globalThis.requestIdleCallback ?? setTimeout
  let timer = 0
  /** Parts still to be laid out, the nearest first. */
  let waiting = parts.filter(isLater)
  let near = waiting.length && 2 * NEAR
  let width = ''
  let headed = 0

  /** Lays out parts that come into sight before their turn. */
  const sight = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) if (isIntersecting) lay(parts.find(({ section }) => section === target))
  }, { root })

  function isLater({ section }) {
    return section.classList.contains('later')
  }

  /** Draw a part that has rows to show, and have it laid out. */
  function lay(part) {
    if (part.count === 0) return
    drawPart(part, shown, width)
    if (!isLater(part)) return
    sight.unobserve(part.section)
    part.section.classList.remove('later')
  }

  /** Lay out the next part; as many as there is time for where they are far away. */
  function layNext(change, deadline) {
    if (change !== timer) return
    for (const section of below) section.classList.remove('later')
    do {
      const part = waiting.shift()
      if (part === undefined) return
      lay(part)
      near -= 1
    } while (near <= 0 && deadline?.timeRemaining() > PART_MS)
    whenFree((next) => layNext(change, next))
  }

  function rest() {
    clearTimeout(timer)
    const change = timer = setTimeout(() => whenFree((deadline) => layNext(change, deadline)), REST_MS)
  }

  /** Pixels that rows have on the screen where there are enough of them: what bar and heads leave of the board. */
  function room() {
    const board = root.parentElement
    // Without a match there are no heads to measure.
    headed = heads.offsetHeight || headed
    return parseFloat(getComputedStyle(board).maxHeight) - (root.offsetTop - board.offsetTop) - headed
  }

  /** Draw the parts on the screen, and leave the others for later. */
  function hold({ top, height }) {
    const pixels = isNarrow.matches ? NARROW_ROW : WIDE_ROW
    const total = parts.reduce((sum, { count }) => sum + count, 0)
    const first = Math.max(0, Math.min(top, total * pixels - height)) / pixels
    const last = first + height / pixels
    const focused = document.activeElement.closest('#matrix section')
    // Where rows fill the screen it is behind them; else it stays as it is until the reader rests.
    if (total * pixels >= height) for (const section of below) section.classList.add('later')
    const [before, behind] = [[], []]
    let start = 0
    for (const part of parts) {
      const { section, count } = part
      if (count === 0) continue
      const isSeen = (start + count > first && start < last) || section === focused
      section.style.containIntrinsicHeight = isSeen ? '' : `${count * pixels + EDGE}px`
      if (isSeen) lay(part)
      else {
        section.classList.add('later')
        // Observed anew, a part that is in sight all the same is told of.
        sight.unobserve(section)
        sight.observe(section)
        ;(start < first ? before : behind).push(part)
      }
      start += count
    }
    waiting = []
    for (before.reverse(); before.length || behind.length;) waiting.push(...behind.splice(0, 1), ...before.splice(0, 1))
    near = 2 * NEAR
    rest()
  }

  /** Draw the parts that are laid out; others that have rows to show now wait for their turn. */
  function refresh() {
    const known = new Set(waiting)
    const missed = parts.filter((part) => part.count > 0 && isLater(part) && !known.has(part))
    for (const part of parts) if (!isLater(part)) lay(part)
    if (missed.length === 0) return
    for (const { section } of missed) sight.observe(section)
    waiting.push(...missed)
    rest()
  }

  /** Show what matches. `isTyped` where a reader waits for it. */
  function show(next, isTyped) {
    // Measured before anything changes, or the browser would lay out twice.
    const view = isLong && isTyped ? { top: root.scrollTop, height: room() } : null
    shown = next
    for (const part of parts) part.count = 0
    rows.forEach(({ part }, row) => { if (shown.rows[row]) part.count += 1 })
    const left = shown.columns.filter(Boolean).length
    width = left === columns.length ? '' : `calc(var(--stub) + ${left} * (var(--column) + 1px) + 2px)`
    heads.style.width = width
    columns.forEach(({ heading }, column) => setHidden(heading, !shown.columns[column]))
    for (const { section, count } of parts) {
      section.style.width = width
      setHidden(section, count === 0)
    }
    if (view) hold(view)
    else refresh()
  }

  /** Lay out the part of a row now, with those beside it. */
  function reveal(row) {
    const at = parts.indexOf(rows[row]?.part)
    if (at >= 0) parts.slice(Math.max(0, at - 1), at + 2).forEach(lay)
  }

  const all = () => parts.forEach(lay)
  addEventListener('beforeprint', all)
  matchMedia('print').addEventListener('change', ({ matches }) => { if (matches) all() })
  for (const part of parts) {
    if (isLater(part)) sight.observe(part.section)
    else lay(part)
  }
  if (waiting.length) rest()
  return { show, reveal }
}

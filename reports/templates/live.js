/** Follows a run that is under way: its results come as events, and go into the matrix once for each frame. */
const following = document.getElementById('following')
const columnOf = new Map(matrix.columns.map(({ id }, column) => [id, column]))
let waiting = []
let scheduled = false

/** Put the results that came since the last frame into the matrix. */
function showArrived() {
  scheduled = false
  const results = waiting
  waiting = []
  for (const { kernel, case: id, classes, word, title, hint, notes, cell } of results) {
    const where = { row: matrix.rowOf.get(kernel), column: columnOf.get(id) }
    const shownCell = where.row === undefined || where.column === undefined ? undefined : cellAt(where)
    if (!shownCell) continue
    arrived.set(`${where.row} ${where.column}`, cell)
    shownCell.className = classes
    if (title) shownCell.setAttribute('title', title)
    shownCell.replaceChildren(word, ...notes.map((note) => element('small', {}, `, ${note}`)),
      ...(hint ? [element('small', { class: 'hint' }, ', ', element('span', {}, hint))] : []))
    matrix.answerOf[where.row][where.column] = matrix.numberOf(classes)
    if (opened && opened.row === where.row && opened.column === where.column) cells.fill(where)
  }
  filterMatrix({ isTyped: false })
  moveTo(place)
}

const events = new EventSource(document.body.dataset.events)

events.addEventListener('results', ({ data }) => {
  const { results, done, total } = JSON.parse(data)
  waiting.push(...results)
  following.textContent = `This run is under way: ${done} of ${total} results.`
  if (scheduled) return
  scheduled = true
  requestAnimationFrame(showArrived)
})

// The whole report has boundaries and claims: the address keeps filter and panel.
events.addEventListener('finished', () => {
  events.close()
  location.reload()
})

events.addEventListener('error', () => {
  following.textContent = 'The server does not answer; what is shown is what came until then.'
})

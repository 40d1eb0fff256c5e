/** The script of the page: filter, navigation in the matrix, panel, and the address that contains all of them. */
const matrix = readMatrix(document.getElementById('matrix'))
const input = document.getElementById('query')
const matches = document.getElementById('matches')
const newest = document.getElementById('newest')
const panel = document.getElementById('panel')

let shown = pick(matrix, parseQuery(''))
const stage = stageMatrix(matrix, shown)
let place = { row: 0, column: 0 }
/** What the panel shows: `{ row, column }` of a cell, `{ fix }` by its id, or null. */
let opened = null
/** The inflated evidence, as text, and what reads it. */
let inflated = null
let evidence = null
/** Cells that arrived after the page, by row and column; none in a page that is a file. */
const arrived = new Map()
const arrivedAt = ({ row, column }) => arrived.get(`${row} ${column}`)
let cells = null
/** The cell that is opened when the evidence is there. */
let wanted = null
/** The address as the page wrote or read it last. */
let keptAddress = location.hash

/** Inflate the evidence once; the page does so when it has nothing else to do. */
function inflateEvidence() {
  return inflated ??= inflate(document.getElementById('evidence').textContent)
}

/** The packed evidence; the first need of it parses it. */
async function readEvidence() {
  const text = await inflateEvidence()
  return evidence ??= unpacker(JSON.parse(text))
}

/** The panel's builder for cells. */
async function cellBuilder() {
  const read = await readEvidence()
  return cells ??= cellPanel(panel, read, {
    close: closePanel, walk: walkOpen, fix: (id) => openFix(id, { focus: true }), newer: arrivedAt
  })
}

const fixes = fixPanel(panel, {
  close: closePanel,
  only: (id) => changeQuery(`case:${id}`),
  toggle: (id) => changeQuery(withMark(input.value, id)),
  isMarked: (id) => markedIn(input.value).includes(id.toLowerCase())
})

/** The table cell at a position, undefined outside the matrix. */
function cellAt({ row, column }) {
  return matrix.rows[row] && cellsOf(matrix, row)[column]
}

/** The link in the head of a column. */
function headAt(column) {
  return matrix.columns[column]?.heading.querySelector('a')
}

/** Apply the filter to the matrix, to the counts and to the marks in the heads. `isTyped` where a reader waits for it. */
function filterMatrix({ isTyped = true } = {}) {
  const query = parseQuery(input.value)
  shown = pick(matrix, query)
  stage.show(shown, isTyped)
  document.getElementById('nothing').hidden = shown.count > 0
  matrix.root.classList.toggle('empty', shown.count === 0)
  for (const item of document.querySelectorAll('[data-count]')) {
    const count = shown.counts[item.dataset.count] ?? 0
    item.lastElementChild.textContent = count
    item.classList.toggle('none', count === 0)
  }
  newest.setAttribute('aria-pressed', String(query.newest))
  const marked = markedIn(input.value)
  for (const { id, box } of matrix.columns) box.checked = marked.includes(id.toLowerCase())
  matches.textContent = [...(query.tree || query.newest ? [sizeShown()] : []), ...(query.newest ? withoutKernel() : []), ...query.problems].join('; ')
  if (!shown.rows[place.row] || !shown.columns[place.column]) {
    moveTo({ row: Math.max(0, shown.rows.indexOf(true)), column: Math.max(0, shown.columns.indexOf(true)) })
  }
}

function sizeShown() {
  const share = (list) => `${list.filter(Boolean).length} of ${list.length}`
  return `${share(shown.rows)} kernels, ${share(shown.columns)} fixes, ${shown.count} results`
}

/** The series none of whose kernels matches: the answer to "which series has no such kernel". */
function withoutKernel() {
  const [all, found] = [new Set(), new Set()]
  matrix.rows.forEach(({ series }, row) => (shown.rows[row] ? found : all).add(series))
  const missing = [...all].filter((series) => !found.has(series))
  return missing.length ? [`no kernel of ${missing.join(', ')}`] : []
}

/** Go to a cell, which is laid out then: what is not takes no focus. */
function goTo(next) {
  stage.reveal(next.row)
  moveTo(next)
}

/** Make a cell the target of Tab, with its verdict as a word for screen readers. */
function moveTo(next) {
  cellAt(place)?.removeAttribute('tabindex')
  place = next
  const cell = cellAt(place)
  if (!cell) return
  const notes = [...cell.querySelectorAll('small')].map((note) => note.textContent)
  cell.setAttribute('aria-label', cell.classList[0] + notes.join(''))
  cell.setAttribute('tabindex', '0')
}

/** What stands in the matrix for what is opened. */
function openerOf(what) {
  return 'fix' in what ? headAt(matrix.columns.findIndex(({ id }) => id === what.fix)) : cellAt(what)
}

/** Show the panel for what was filled into it; it takes the focus unless the reader is navigating the matrix. */
function showPanel(what, { focus }) {
  if (opened) openerOf(opened)?.removeAttribute('aria-current')
  opened = what
  const opener = openerOf(what)
  opener?.setAttribute('aria-current', 'true')
  panel.hidden = false
  document.body.classList.add('opened')
  // The panel takes room: the matrix comes up before it, and then what the panel explains.
  document.getElementById('board').scrollIntoView({ block: matchMedia('(max-width: 60rem)').matches ? 'start' : 'nearest' })
  opener?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  if (focus) document.getElementById('panel-title').focus({ preventScroll: true })
  keepAddress()
}

/** Open a cell; of several that are asked for while the evidence is inflated, the last one. */
async function openCell(where, options) {
  if (!cellAt(where)) return
  wanted = where
  const builder = cells ?? await cellBuilder()
  if (wanted !== where || !builder.fill(where)) return
  goTo(where)
  showPanel(where, options)
}

/** Open a fix. */
function openFix(id, options) {
  wanted = null
  if (fixes.fill(id)) showPanel({ fix: id }, options)
}

function closePanel() {
  wanted = null
  if (!opened) return
  const opener = openerOf(opened)
  opener?.removeAttribute('aria-current')
  opened = null
  panel.hidden = true
  document.body.classList.remove('opened')
  opener?.focus()
  keepAddress()
}

/** Open the next kernel up or down for the same fix. */
function walkOpen(down) {
  if (opened && !('fix' in opened)) openCell(visibleFrom(shown, opened, down, 0), { focus: true })
}

/** Write filter and panel into the address, without a history entry for each letter. */
function keepAddress() {
  const query = input.value.trim()
  const ids = opened && !('fix' in opened) ? [matrix.rows[opened.row].id, matrix.columns[opened.column].id] : []
  const parts = [
    ...(query ? [`q=${encodeURIComponent(query)}`] : []),
    ...(ids.length ? [`cell=${ids.map(encodeURIComponent).join('/')}`] : []),
    ...(opened && 'fix' in opened ? [`fix=${encodeURIComponent(opened.fix)}`] : [])
  ]
  history.replaceState(null, '', `#${parts.join('&')}`)
  keptAddress = location.hash
}

/** Apply the address; src/render/html/links.ts writes such links. Missing parts keep their state. */
async function followAddress() {
  for (const part of location.hash.slice(1).split('&')) {
    const [key, said = ''] = part.split(/=(.*)/s)
    try {
      if (key === 'q') {
        input.value = decodeURIComponent(said)
        filterMatrix()
        document.getElementById('board').scrollIntoView({ block: 'nearest' })
      }
      if (key === 'fix') openFix(decodeURIComponent(said), { focus: true })
      if (key === 'cell') {
        const [kernel, theCase] = said.split('/').map(decodeURIComponent)
        const column = matrix.columns.findIndex(({ id }) => id === theCase)
        await openCell({ row: matrix.rowOf.get(kernel) ?? -1, column }, { focus: true })
      }
    } catch (error) {
      // A truncated address must not break the page.
      if (!(error instanceof URIError)) throw error
    }
  }
  keepAddress()
}

/** Navigation keys: rows down, columns right. */
const STEPS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  PageUp: [-20, 0], PageDown: [20, 0], Home: [0, -Infinity], End: [0, Infinity]
}

matrix.root.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const head = event.target.closest('.heads th')
  const isHandled = head ? keyInHeads(event.key, head.cellIndex - 1) : event.target.closest('td') ? keyInCells(event.key) : false
  if (isHandled) event.preventDefault()
})

/** A key on a cell; true where it does something. */
function keyInCells(key) {
  if (key === 'Enter' || key === ' ') openCell(place, { focus: true })
  else if (key in STEPS) {
    const next = visibleFrom(shown, place, ...STEPS[key])
    if (key === 'ArrowUp' && next.row === place.row) {
      headAt(place.column).focus()
      return true
    }
    goTo(next)
    if (opened) openCell(next, { focus: false })
    cellAt(next).focus()
  } else return false
  return true
}

/** A key in the head of a column; true where it does something. The browser follows the link by Enter. */
function keyInHeads(key, column) {
  if (key === ' ') changeQuery(withMark(input.value, matrix.columns[column].id))
  else if (key === 'ArrowDown') {
    goTo({ row: Math.max(0, shown.rows.indexOf(true)), column })
    cellAt(place).focus()
  } else if (key in STEPS && STEPS[key][1] !== 0) headAt(visibleFrom(shown, { row: 0, column }, 0, STEPS[key][1]).column).focus()
  else return false
  return true
}

matrix.root.addEventListener('click', ({ target }) => {
  const cell = target.closest('td')
  if (!cell) return
  const line = cell.parentElement
  openCell({ row: matrix.rowOf.get(line.dataset.kernel), column: cell.cellIndex - 1 }, { focus: true })
})

for (const column of matrix.columns) {
  const { id, heading } = column
  const link = heading.querySelector('a')
  // Arrows lead here from the matrix; Tab goes by.
  link.setAttribute('tabindex', '-1')
  link.addEventListener('click', (event) => {
    event.preventDefault()
    openFix(id, { focus: true })
  })
  const box = element('input', { type: 'checkbox', tabindex: '-1', 'aria-label': `${id} must be carried`, title: 'Must be carried' })
  box.addEventListener('change', () => changeQuery(withMark(input.value, id)))
  heading.append(column.box = box)
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && opened) closePanel()
  if (event.key === '/' && !event.target.closest('input') && !event.ctrlKey && !event.metaKey) {
    event.preventDefault()
    input.focus()
  }
})

/** Apply a changed filter. */
function filterChanged() {
  filterMatrix()
  keepAddress()
}

/** Put another query into the filter. */
function changeQuery(text) {
  input.value = text
  filterChanged()
}

/** The text of an export of what is shown. */
async function exported(format) {
  return EXPORTS[format].text(exportedRows(matrix, shown, await readEvidence(), arrivedAt))
}

document.getElementById('export').addEventListener('click', async ({ target }) => {
  const { copy, save } = target.dataset
  const said = document.getElementById('exported')
  const results = `${shown.count} ${shown.count === 1 ? 'result' : 'results'}`
  if (save) {
    saveText(await exported(save), `kwitness-${document.body.dataset.run}.${save}`, EXPORTS[save].type)
    said.textContent = `${results} downloaded`
  }
  if (copy) {
    const done = await navigator.clipboard.writeText(await exported(copy)).then(() => true, () => false)
    said.textContent = done ? `${results} copied` : 'The browser does not allow copying here: download instead'
  }
})

// A reader waits for the letter, not for the address; a link that is followed in the meantime has its own.
input.addEventListener('input', () => {
  filterMatrix()
  requestAnimationFrame(() => setTimeout(() => { if (location.hash === keptAddress) keepAddress() }))
})
newest.addEventListener('click', () => changeQuery(withWord(input.value, 'is:newest')))
document.getElementById('filter').addEventListener('submit', (event) => event.preventDefault())
document.getElementById('clear').addEventListener('click', () => {
  changeQuery('')
  input.focus()
})
addEventListener('hashchange', followAddress)

for (const text of document.querySelectorAll('.fixes pre')) text.before(copyButton(text.textContent))

document.getElementById('filter').hidden = false
document.documentElement.classList.add('live')
moveTo(place)
void followAddress()
// Safari has no idle callbacks.
const whenIdle = globalThis.requestIdleCallback ?? setTimeout
whenIdle(async () => {
  await inflateEvidence()
  document.documentElement.classList.add('inflated')
})

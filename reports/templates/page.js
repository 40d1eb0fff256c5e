/** The script of the page: filter, navigation in the matrix, panel, and the address that contains both. */
const matrix = readMatrix(document.getElementById('matrix'))
const input = document.getElementById('query')
const matches = document.getElementById('matches')
const panel = document.getElementById('panel')
const sheet = new CSSStyleSheet()
document.adoptedStyleSheets.push(sheet)

let rules = ''
let shown = pick(matrix, [])
let place = { row: 0, column: 0 }
let opened = null
let cells = null

/** The panel's builder; opening the first cell parses the evidence. */
function cellBuilder() {
  const read = () => unpacker(JSON.parse(document.getElementById('evidence').textContent))
  cells ??= cellPanel(panel, read(), { close: closePanel, walk: walkOpen })
  return cells
}

/** The table cell at a position, undefined outside the matrix. */
function cellAt({ row, column }) {
  return column < 0 ? undefined : matrix.rows[row]?.line.cells[column + 1]
}

/** Apply the filter to the matrix. */
function filterMatrix() {
  const { terms, problems } = parseQuery(input.value)
  shown = pick(matrix, terms)
  const wanted = show(matrix, shown)
  if (wanted !== rules) sheet.replaceSync(rules = wanted)
  document.getElementById('nothing').hidden = shown.cells > 0
  const share = (list) => `${list.filter(Boolean).length} of ${list.length}`
  const size = `${share(shown.rows)} kernels, ${share(shown.columns)} fixes, ${shown.cells} results`
  matches.textContent = [...(terms.length ? [size] : []), ...problems].join('; ')
  if (!shown.rows[place.row] || !shown.columns[place.column]) {
    moveTo({ row: Math.max(0, shown.rows.indexOf(true)), column: Math.max(0, shown.columns.indexOf(true)) })
  }
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

/** Open a cell; the panel takes the focus unless the reader is navigating the matrix. */
function openCell(where, { focus }) {
  if (!cellAt(where) || !cellBuilder().fill(where)) return
  cellAt(opened ?? where).removeAttribute('aria-current')
  opened = where
  moveTo(where)
  cellAt(where).setAttribute('aria-current', 'true')
  panel.hidden = false
  document.body.classList.add('opened')
  cellAt(where).scrollIntoView({ block: 'nearest', inline: 'nearest' })
  if (focus) document.getElementById('panel-title').focus()
  keepAddress()
}

function closePanel() {
  if (!opened) return
  const cell = cellAt(opened)
  cell.removeAttribute('aria-current')
  opened = null
  panel.hidden = true
  document.body.classList.remove('opened')
  cell.focus()
  keepAddress()
}

/** Open the next kernel up or down for the same fix. */
function walkOpen(down) {
  if (opened) openCell(visibleFrom(shown, opened, down, 0), { focus: true })
}

/** Write filter and cell into the address, without a history entry for each letter. */
function keepAddress() {
  const query = input.value.trim()
  const ids = opened ? [matrix.rows[opened.row].id, matrix.columns[opened.column].id] : []
  const parts = [
    ...(query ? [`q=${encodeURIComponent(query)}`] : []),
    ...(opened ? [`cell=${ids.map(encodeURIComponent).join('/')}`] : [])
  ]
  history.replaceState(null, '', `#${parts.join('&')}`)
}

/** Apply the address; src/render/html/page.ts writes such links. Missing parts keep their state. */
function followAddress() {
  for (const part of location.hash.slice(1).split('&')) {
    const [key, said = ''] = part.split(/=(.*)/s)
    try {
      if (key === 'q') {
        input.value = decodeURIComponent(said)
        filterMatrix()
        document.getElementById('board').scrollIntoView({ block: 'nearest' })
      }
      if (key === 'cell') {
        const [kernel, theCase] = said.split('/').map(decodeURIComponent)
        const find = (list, wanted) => list.findIndex(({ id }) => id === wanted)
        openCell({ row: find(matrix.rows, kernel), column: find(matrix.columns, theCase) }, { focus: true })
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
  if (!event.target.closest('td') || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === 'Enter' || event.key === ' ') openCell(place, { focus: true })
  else if (event.key in STEPS) {
    const next = visibleFrom(shown, place, ...STEPS[event.key])
    moveTo(next)
    if (opened) openCell(next, { focus: false })
    cellAt(next).focus()
  } else return
  event.preventDefault()
})

matrix.root.addEventListener('click', ({ target }) => {
  const cell = target.closest('td')
  if (!cell) return
  const line = cell.parentElement
  openCell({ row: matrix.rows.findIndex((row) => row.line === line), column: cell.cellIndex - 1 }, { focus: true })
})

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

input.addEventListener('input', filterChanged)
document.getElementById('filter').addEventListener('submit', (event) => event.preventDefault())
document.getElementById('clear').addEventListener('click', () => {
  input.value = ''
  filterChanged()
  input.focus()
})
addEventListener('hashchange', followAddress)

for (const text of document.querySelectorAll('.boundaries pre')) text.before(copyButton(text.textContent))

document.getElementById('filter').hidden = false
document.documentElement.classList.add('live')
// The role promises navigation by keys, which works from here on.
for (const table of matrix.root.querySelectorAll('section table')) table.setAttribute('role', 'grid')
moveTo(place)
followAddress()

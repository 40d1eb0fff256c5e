/**
 * The matrix of the page: kernels, fixes and answers are data, and each part of the table is made when it is looked at. Until then
 * it is text, as readers without scripts see it. Fifty thousand cells have only a few dozen distinct class names, so a filter
 * judges those, not each cell.
 */
function readMatrix(root) {
  const { answers: classNames, parts: listed } = JSON.parse(document.getElementById('index').textContent)
  const columns = [...root.querySelectorAll('.heads th[data-case]')].map((heading) => ({
    id: heading.dataset.case, words: `${heading.dataset.case} ${heading.dataset.words}`.toLowerCase(), heading
  }))
  const sections = root.querySelectorAll('section')
  const parts = listed.map((_, at) => ({
    section: sections[at], first: 0, count: 0, table: null, heads: null, lines: null, drawn: null
  }))
  const [rows, answerOf] = [[], []]
  for (const [at, { series, rows: own }] of listed.entries()) {
    Object.assign(parts[at], { first: rows.length, count: own.length })
    for (const { id, version, branch, known, answers } of own) {
      rows.push({ id, version, series, branch: `${series} ${branch}`, known, words: id.toLowerCase(), part: parts[at] })
      answerOf.push(Uint16Array.from(answers))
    }
  }
  const answers = []
  const numbers = new Map()
  const numberOf = (className) => {
    if (!numbers.has(className)) numbers.set(className, answers.push(readAnswer(className)) - 1)
    return numbers.get(className)
  }
  for (const className of classNames) numberOf(className)
  const rowOf = new Map(rows.map(({ id }, row) => [id, row]))
  return { root, parts, rows, columns, answers, answerOf, numberOf, rowOf }
}

/** A part with its lines; the first need of them makes them. */
function madePart(part) {
  if (part.lines !== null) return part
  const { section } = part
  const text = section.querySelector(':scope > noscript')
  if (text !== null) section.innerHTML = text.textContent
  part.table = section.querySelector('table')
  // The role promises navigation by keys, which works from here on.
  part.table.setAttribute('role', 'grid')
  part.heads = [...part.table.tHead.rows[0].cells].slice(1)
  part.lines = [...part.table.tBodies[0].rows].map((line) => ({ line, cells: [...line.cells].slice(1), looks: null }))
  return part
}

/** The cells of a row of the matrix. */
function cellsOf({ rows }, row) {
  const { part } = rows[row]
  return madePart(part).lines[row - part.first].cells
}

/** How a cell looks: as it is, marked as one that does not match, or not at all. */
const [PLAIN, FAINT, HIDDEN] = [0, 1, 2]

/** Bring a part up to date with what is shown; only what looks different is touched. */
function drawPart(part, shown, width) {
  if (part.drawn === shown) return
  const { heads, lines, first } = madePart(part)
  part.drawn = shown
  part.table.style.width = width
  heads.forEach((head, column) => setHidden(head, !shown.columns[column]))
  lines.forEach((row, at) => {
    const isShown = shown.rows[first + at]
    setHidden(row.line, !isShown)
    if (!isShown) return
    const matching = shown.cells[first + at]
    row.looks ??= new Uint8Array(row.cells.length)
    for (let column = 0; column < matching.length; column += 1) {
      const look = !shown.columns[column] ? HIDDEN : matching[column] === 1 ? PLAIN : FAINT
      if (row.looks[column] === look) continue
      row.looks[column] = look
      row.cells[column].hidden = look === HIDDEN
      row.cells[column].toggleAttribute('data-faint', look === FAINT)
    }
  })
}

function setHidden(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden
}

/** The verdict, claim, finding and change in a cell's class names. */
function readAnswer(className) {
  const [verdict, claim = '', finding = '', ...more] = className.split(' ')
  const change = more.find((name) => name.startsWith('d-'))?.slice(2) ?? 'same'
  return { verdict, claim: claim.slice(2), finding: finding.slice(2), change }
}

/** A function of a row: a list with a flag for each of its cells, whether it matches a node of a query. The next call reuses the list. */
function compileQuery(node, matrix) {
  const { rows, columns, answers, answerOf } = matrix
  const flags = new Uint8Array(columns.length)
  if (node.any || node.all) {
    const parts = (node.any ?? node.all).map((part) => compileQuery(part, matrix))
    const decided = node.any ? 1 : 0
    return (row) => {
      flags.fill(1 - decided)
      for (const part of parts) {
        const found = part(row)
        for (let column = 0; column < flags.length; column += 1) if (found[column] === decided) flags[column] = decided
      }
      return flags
    }
  }
  if (node.not) {
    const inner = compileQuery(node.not, matrix)
    return (row) => {
      const found = inner(row)
      for (let column = 0; column < flags.length; column += 1) flags[column] = 1 - found[column]
      return flags
    }
  }
  if (node.key === 'carries' || node.about === 'row') {
    const textOf = (row) => node.key === 'kernel' ? row.words : row[node.key === 'since' ? 'version' : node.key].toLowerCase()
    const fits = node.key === 'carries' ? rowsThatCarry(node, matrix) : Uint8Array.from(rows, (row) => matchesTerm(node, textOf(row)))
    return (row) => flags.fill(fits[row])
  }
  if (node.about === 'column') {
    columns.forEach(({ id, words }, column) => { flags[column] = matchesTerm(node, node.key === 'case' ? id.toLowerCase() : words) })
    return () => flags
  }
  if (node.about === 'cell') {
    const fits = Uint8Array.from(answers, (answer) => matchesTerm(node, answer[node.key]))
    return (row) => {
      const own = answerOf[row]
      for (let column = 0; column < flags.length; column += 1) flags[column] = fits[own[column]]
      return flags
    }
  }
  const plain = { ...node, negated: false }
  const inRow = Uint8Array.from(rows, ({ words }) => matchesTerm(plain, words) !== node.negated)
  const inColumn = Uint8Array.from(columns, ({ words }) => matchesTerm(plain, words) !== node.negated)
  // A bare word matches kernels or fixes; negated, neither may match.
  return (row) => inRow[row] === (node.negated ? 0 : 1) ? flags.fill(inRow[row]) : inColumn
}

/** The rows whose kernels carry every fix that a term names, or are kernels that it does not apply to. */
function rowsThatCarry(term, { rows, columns, answers, answerOf }) {
  const named = columns.flatMap(({ id }, column) => term.tests.some((test) => test(id.toLowerCase())) ? [column] : [])
  const good = Uint8Array.from(answers, ({ verdict }) => verdict === 'carries' || verdict === 'not-applicable')
  return Uint8Array.from(rows, (_, row) =>
    (named.length > 0 && named.every((column) => good[answerOf[row][column]] === 1)) !== term.negated)
}

/** The rows, columns and cells that match a parsed query, with the number of cells of each verdict. */
function pick(matrix, { tree, newest }) {
  const { rows, columns, answers, answerOf } = matrix
  const fits = tree === null ? null : compileQuery(tree, matrix)
  const isPlanned = Uint8Array.from(answers, ({ verdict }) => verdict !== 'unplanned')
  const cells = rows.map((_, row) => {
    if (fits === null) return new Uint8Array(columns.length).fill(1)
    const own = answerOf[row]
    return fits(row).map((isFound, column) => isFound & isPlanned[own[column]])
  })
  if (newest) keepNewest(matrix, cells)
  const shown = { rows: rows.map(() => false), columns: columns.map(() => false), cells, count: 0, counts: {} }
  const [inColumn, perAnswer] = [new Uint8Array(columns.length), new Uint32Array(answers.length)]
  for (let row = 0; row < cells.length; row += 1) {
    const [inRow, own] = [cells[row], answerOf[row]]
    let any = 0
    for (let column = 0; column < inRow.length; column += 1) {
      const isShown = inRow[column]
      any |= isShown
      inColumn[column] |= isShown
      perAnswer[own[column]] += isShown
    }
    shown.rows[row] = any === 1
  }
  inColumn.forEach((any, column) => { shown.columns[column] = any === 1 })
  answers.forEach(({ verdict }, answer) => {
    if (verdict === 'unplanned') return
    shown.counts[verdict] = (shown.counts[verdict] ?? 0) + perAnswer[answer]
    shown.count += perAnswer[answer]
  })
  return shown
}

/** Leave the newest row with a match in each branch; a control is a kernel that nobody ships. */
function keepNewest({ rows }, cells) {
  const newest = new Map()
  rows.forEach(({ branch, known }, row) => { if (!known && cells[row].includes(1)) newest.set(branch, row) })
  const kept = new Set(newest.values())
  cells.forEach((inRow, row) => { if (!kept.has(row)) inRow.fill(0) })
}

/** The nearest visible position so many steps down and right; the position itself without one. */
function visibleFrom(shown, { row, column }, down, right) {
  const along = (list, from, by) => {
    for (let index = from + Math.sign(by), left = Math.abs(by), last = from; ; index += Math.sign(by)) {
      if (index < 0 || index >= list.length) return last
      if (!list[index]) continue
      last = index
      left -= 1
      if (left === 0) return index
    }
  }
  return { row: down ? along(shown.rows, row, down) : row, column: right ? along(shown.columns, column, right) : column }
}

/** The matrix of the page: parsed once from the table, then filtered and navigated. */
function readMatrix(root) {
  const columns = [...root.querySelectorAll('.heads th[data-case]')].map((heading) =>
    ({ id: heading.dataset.case, words: `${heading.dataset.case} ${heading.dataset.words}`.toLowerCase() }))
  const rows = [...root.querySelectorAll('tr[data-kernel]')].map((line) => {
    const section = line.closest('section')
    return { id: line.dataset.kernel, series: section.dataset.series, words: line.dataset.kernel.toLowerCase(), line, section }
  })
  // Fifty thousand cells have only a few dozen distinct class names, so a filter judges those, not each cell.
  const answers = []
  const numbers = new Map()
  const answerOf = rows.map(({ line }) => Uint16Array.from([...line.cells].slice(1), ({ className }) => {
    if (!numbers.has(className)) numbers.set(className, answers.push(readAnswer(className)) - 1)
    return numbers.get(className)
  }))
  return { root, rows, columns, answers, answerOf }
}

/** The verdict, claim and finding in a cell's class names. */
function readAnswer(className) {
  const [verdict, claim = '', finding = ''] = className.split(' ')
  return { verdict, claim: claim.slice(2), finding: finding.slice(2), selector: `.${className.split(' ').join('.')}` }
}

/** The rows, columns and answers that match a query, and the number of cells. */
function pick({ rows, columns, answers, answerOf }, terms) {
  const about = (kind) => terms.filter((term) => term.about === kind)
  const bare = about('any').map((term) => ({
    ...term,
    rows: rows.map(({ words }) => term.tests.some((test) => test(words))),
    columns: columns.map(({ words }) => term.tests.some((test) => test(words)))
  }))
  const rowFits = rows.map(({ series, words }) =>
    about('row').every((term) => matchesTerm(term, term.key === 'series' ? series.toLowerCase() : words)))
  const columnFits = columns.map(({ id, words }) =>
    about('column').every((term) => matchesTerm(term, term.key === 'case' ? id.toLowerCase() : words)))
  const answerFits = answers.map((answer) =>
    terms.length === 0 || answer.verdict !== 'unplanned' && about('cell').every((term) => matchesTerm(term, answer[term.key])))
  const shown = { rows: rows.map(() => false), columns: columns.map(() => false), answers: answerFits, cells: 0 }
  for (let row = 0; row < rows.length; row += 1) {
    if (!rowFits[row]) continue
    for (let column = 0; column < columns.length; column += 1) {
      if (!columnFits[column] || !answerFits[answerOf[row][column]]) continue
      if (!bare.every((term) => (term.rows[row] || term.columns[column]) !== term.negated)) continue
      shown.rows[row] = shown.columns[column] = true
      shown.cells += 1
    }
  }
  return shown
}

/**
 * Show the matching rows, and return the style rules for columns and faint cells: a few rules instead of a change to each cell
 * keep typing fast.
 */
function show({ rows, answers }, shown) {
  rows.forEach(({ line }, index) => { if (line.hidden === shown.rows[index]) line.hidden = !shown.rows[index] })
  const sections = new Map()
  rows.forEach(({ section }, index) => sections.set(section, sections.get(section) || shown.rows[index]))
  for (const [section, any] of sections) section.hidden = !any
  const hidden = spansOf(shown.columns, false).map(([first, last]) =>
    `#matrix tr > :nth-child(n + ${first + 2}):nth-child(-n + ${last + 2})`)
  const faint = answers.flatMap(({ selector }, index) => shown.answers[index] ? [] : [`#matrix td${selector}`])
  return [
    ...(hidden.length ? [`${hidden.join()} { display: none }`] : []),
    ...(faint.length ? [`${faint.join()} { background: none; color: var(--faint); outline-color: var(--rule) }`] : []),
    ...(hidden.length ? [`#matrix :is(table, section) { --cases: ${shown.columns.filter(Boolean).length} }`] : [])
  ].join('\n')
}

/** First and last index of each run of a value in a list. */
function spansOf(list, value) {
  const spans = []
  list.forEach((said, index) => {
    if (said !== value) return
    if (index > 0 && list[index - 1] === value) spans.at(-1)[1] = index
    else spans.push([index, index])
  })
  return spans
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

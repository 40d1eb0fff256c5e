/** The matrix of the page: parsed once from the table, then filtered and navigated. */
function readMatrix(root) {
  const heads = [...root.querySelectorAll('.heads th[data-case]')]
  const columns = heads.map((heading) => ({
    id: heading.dataset.case, words: `${heading.dataset.case} ${heading.dataset.words}`.toLowerCase(), heading
  }))
  const rows = [...root.querySelectorAll('tr[data-kernel]')].map((line) => {
    const section = line.closest('section')
    const { kernel, version, branch, known } = line.dataset
    const { series } = section.dataset
    return { id: kernel, version, series, branch: `${series} ${branch ?? ''}`, known: known !== undefined, words: kernel.toLowerCase(), line, section }
  })
  // Fifty thousand cells have only a few dozen distinct class names, so a filter judges those, not each cell.
  const answers = []
  const numbers = new Map()
  const numberOf = (className) => {
    if (!numbers.has(className)) numbers.set(className, answers.push(readAnswer(className)) - 1)
    return numbers.get(className)
  }
  const answerOf = rows.map(({ line }) => Uint16Array.from([...line.cells].slice(1), ({ className }) => numberOf(className)))
  return { root, rows, columns, answers, answerOf, numberOf }
}

/** The verdict, claim, finding and change in a cell's class names. */
function readAnswer(className) {
  const [verdict, claim = '', finding = '', ...more] = className.split(' ')
  const change = more.find((name) => name.startsWith('d-'))?.slice(2) ?? 'same'
  return { verdict, claim: claim.slice(2), finding: finding.slice(2), change, selector: `[class="${className}"]` }
}

/** A function of row and column: whether the cell there matches a node of a query. */
function compileQuery(node, matrix) {
  if (node.any) {
    const parts = node.any.map((part) => compileQuery(part, matrix))
    return (row, column) => parts.some((part) => part(row, column))
  }
  if (node.all) {
    const parts = node.all.map((part) => compileQuery(part, matrix))
    return (row, column) => parts.every((part) => part(row, column))
  }
  if (node.not) {
    const inner = compileQuery(node.not, matrix)
    return (row, column) => !inner(row, column)
  }
  const { rows, columns, answers, answerOf } = matrix
  const ofRows = (textOf) => Uint8Array.from(rows, (row) => matchesTerm(node, textOf(row)))
  if (node.key === 'carries') {
    const fits = rowsThatCarry(node, matrix)
    return (row) => fits[row] === 1
  }
  if (node.about === 'row') {
    const fits = ofRows((row) => node.key === 'kernel' ? row.words : row[node.key === 'since' ? 'version' : node.key].toLowerCase())
    return (row) => fits[row] === 1
  }
  if (node.about === 'column') {
    const fits = Uint8Array.from(columns, ({ id, words }) => matchesTerm(node, node.key === 'case' ? id.toLowerCase() : words))
    return (_, column) => fits[column] === 1
  }
  if (node.about === 'cell') {
    const fits = Uint8Array.from(answers, (answer) => matchesTerm(node, answer[node.key]))
    return (row, column) => fits[answerOf[row][column]] === 1
  }
  const plain = { ...node, negated: false }
  const inRow = Uint8Array.from(rows, ({ words }) => matchesTerm(plain, words))
  const inColumn = Uint8Array.from(columns, ({ words }) => matchesTerm(plain, words))
  return (row, column) => (inRow[row] + inColumn[column] > 0) !== node.negated
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
  const fits = tree === null ? () => true : compileQuery(tree, matrix)
  const isPlanned = Uint8Array.from(answers, ({ verdict }) => verdict !== 'unplanned')
  const cells = rows.map((_, row) => {
    const inRow = new Uint8Array(columns.length)
    for (let column = 0; column < columns.length; column += 1) {
      inRow[column] = Number((tree === null || isPlanned[answerOf[row][column]] === 1) && fits(row, column))
    }
    return inRow
  })
  if (newest) keepNewest(matrix, cells)
  const shown = { rows: rows.map(() => false), columns: columns.map(() => false), cells, count: 0, counts: {} }
  const perAnswer = new Uint32Array(answers.length)
  cells.forEach((inRow, row) => inRow.forEach((isShown, column) => {
    if (isShown === 0) return
    shown.rows[row] = shown.columns[column] = true
    perAnswer[answerOf[row][column]] += 1
  }))
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

/**
 * Show the matching rows, mark cells between them that do not match, and return the style rules for columns and for answers that
 * match nowhere: a few rules instead of a change to each cell keep typing fast.
 */
function show({ rows, answers, answerOf, faint = [] }, shown) {
  rows.forEach(({ line }, index) => { if (line.hidden === shown.rows[index]) line.hidden = !shown.rows[index] })
  const sections = new Map()
  rows.forEach(({ section }, index) => sections.set(section, sections.get(section) || shown.rows[index]))
  for (const [section, any] of sections) section.hidden = !any
  const [seen, unseen] = [new Uint8Array(answers.length), new Uint8Array(answers.length)]
  const inside = []
  shown.cells.forEach((inRow, row) => {
    if (!shown.rows[row]) return
    inRow.forEach((isShown, column) => {
      if (!shown.columns[column]) return
      const answer = answerOf[row][column]
      if (isShown === 1) seen[answer] = 1
      else {
        unseen[answer] = 1
        inside.push([row, column, answer])
      }
    })
  })
  const marked = inside.filter(([, , answer]) => seen[answer] === 1).map(([row, column]) => rows[row].line.cells[column + 1])
  const still = new Set(marked)
  for (const cell of faint) if (!still.has(cell)) cell.removeAttribute('data-faint')
  for (const cell of marked) cell.setAttribute('data-faint', '')
  const hidden = spansOf(shown.columns, false).map(([first, last]) =>
    `#matrix tr > :nth-child(n + ${first + 2}):nth-child(-n + ${last + 2})`)
  const nowhere = answers.flatMap(({ selector }, index) => unseen[index] === 1 && seen[index] === 0 ? [`#matrix td${selector}`] : [])
  const rules = [
    ...(hidden.length ? [`${hidden.join()} { display: none }`] : []),
    ...(nowhere.length ? [`${nowhere.join()} { background: none; color: var(--dim); outline-color: var(--rule) }`] : []),
    ...(hidden.length ? [`#matrix :is(table, section) { --cases: ${shown.columns.filter(Boolean).length} }`] : [])
  ].join('\n')
  return { rules, faint: marked }
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

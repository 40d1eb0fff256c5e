/** What the filter leaves, as text for other programs and people. */
const EXPORTED = ['kernel', 'series', 'version', 'case', 'title', 'verdict', 'claim', 'finding', 'change', 'summary']

const EXPORTS = {
  csv: { type: 'text/csv', text: exportCsv },
  json: { type: 'application/json', text: (rows) => `${JSON.stringify(rows, null, 1)}\n` },
  md: { type: 'text/markdown', text: exportMarkdown }
}

/** CSV (RFC 4180). Text that a spreadsheet would take for a formula is preceded by an apostrophe. */
function exportCsv(rows) {
  const field = (value) => {
    const text = oneLine(value)
    const harmless = /^[=+\-@]/.test(text) ? `'${text}` : text
    return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
  }
  return [EXPORTED, ...rows.map((row) => EXPORTED.map((name) => row[name] ?? ''))].map((line) => `${line.map(field).join()}\r\n`).join('')
}

/** A table for an issue or a mail. */
function exportMarkdown(rows) {
  const names = ['kernel', 'case', 'verdict', 'claim', 'summary']
  const field = (value) => oneLine(value).replace(/[\\`*_{}[\]<>#|!~&]/g, '\\$&')
  const lines = rows.map((row) => `| ${names.map((name) => field(row[name] ?? '')).join(' | ')} |`)
  return [`| ${names.join(' | ')} |`, `|${' --- |'.repeat(names.length)}`, ...lines].map((line) => `${line}\n`).join('')
}

/** Text on one line, without control characters. */
function oneLine(value) {
  return String(value).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\uFFF9-\uFFFB]+/gu, ' ').trim()
}

/** The results that are shown, in the order of the matrix; the evidence has their sentences, but for those that `newerAt` has. */
function exportedRows({ rows, columns, answers, answerOf }, shown, { root, member, value }, newerAt) {
  const [cellRows, cases] = [member(root, 'rows'), member(root, 'cases')]
  const titles = columns.map((_, column) => value(member(member(cases, column), 'title')))
  return shown.cells.flatMap((inRow, row) => [...inRow].flatMap((isShown, column) => {
    const { verdict, claim, finding, change } = answers[answerOf[row][column]]
    if (isShown === 0 || verdict === 'unplanned') return []
    const { id: kernel, series, version } = rows[row]
    const summary = newerAt({ row, column })?.summary ?? value(member(member(member(cellRows, row), column), 'summary'))
    return [{ kernel, series, version, case: columns[column].id, title: titles[column], verdict, claim, finding, change, summary }]
  }))
}

/** Hand a text to the reader's downloads. */
function saveText(text, name, type) {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = element('a', { href: url, download: name })
  link.click()
  // The browser has the address when the click is over; the data may go once it was read.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

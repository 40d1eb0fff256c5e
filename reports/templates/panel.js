/** The panel beside the matrix: one cell with its evidence, which opening it unpacks. */
function cellPanel(panel, evidence, { close, walk, fix, newer }) {
  const { root, member, value } = evidence
  const rows = member(root, 'rows')
  const words = value(member(root, 'words'))
  const boundaries = value(member(root, 'boundaries'))

  /** Fill the panel with the cell at a position; false where the plan has none. */
  function fill({ row, column }) {
    const cell = newer({ row, column }) ?? value(member(member(rows, row), column))
    if (cell === null) return false
    const kernel = value(member(member(root, 'kernels'), row))
    const theCase = value(member(member(root, 'cases'), column))
    const verdict = words.verdicts[cell.verdict]
    panel.className = cell.verdict
    panel.replaceChildren(
      element('header', {},
        element('div', { class: 'tools' },
          element('button', { type: 'button', title: 'The kernel above, same fix', onclick: () => walk(-1) }, '↑ older'),
          element('button', { type: 'button', title: 'The kernel below, same fix', onclick: () => walk(1) }, '↓ newer'),
          element('button', { type: 'button', title: 'This fix in all series', onclick: () => fix(theCase.id) }, 'All series'),
          element('button', { type: 'button', class: 'close', onclick: close }, 'Close')),
        element('h2', { id: 'panel-title', tabindex: '-1' },
          element('span', { class: `badge mark ${cell.verdict}` }, verdict.word), ' ', theCase.id,
          element('small', {}, ` on ${kernel.id}`))),
      element('p', { class: 'summary' }, cell.summary),
      judgement(cell, kernel, theCase, words.findings[cell.finding]),
      ...(cell.race ? [raceSection(cell.race)] : []),
      ...(cell.schedule ? [scheduleSection(cell.schedule)] : []),
      fixSection(theCase),
      ...cell.attempts.map((attempt, index) => attemptSection(attempt, index + 1, cell.attempts.length)),
      ...(cell.attempts.length ? [] : [element('p', { class: 'dim' }, 'There was no attempt.')]))
    panel.scrollTop = 0
    return true
  }

  /** Verdict against claim, with its numbers. */
  function judgement(cell, kernel, theCase, finding) {
    const boundary = boundaries.find(({ after, case: name }) => after === kernel.id && name === theCase.id)
    const next = boundaries.find(({ before, case: name }) => before === kernel.id && name === theCase.id)
    return facts([
      ['Finding', element('span', { class: `finding ${cell.finding}` }, element('b', {}, finding.title), `: ${finding.meaning}`)],
      ['Claim', `${cell.claim}: ${cell.claimSource}`],
      boundary ? ['Changed', `${boundary.from} up to ${boundary.before}, ${boundary.to} from here`] : null,
      next ? ['Changes', `${next.to} from ${next.after} on`] : null,
      cell.trials && !cell.race ? ['Trials', `${cell.trials.hits} hits in ${cell.trials.trials} trials`] : null,
      ['Kernel', `${kernel.release ?? 'unknown release'}, ${kernel.provider} ${kernel.build} ${kernel.flavour} ${kernel.arch}`],
      kernel.sha256 ? ['Image', element('code', { class: 'hash' }, `sha256 ${kernel.sha256}`)] : null,
      ['Profile', cell.profile],
      boundary?.bisect ? ['Bisect', commandText(boundary.bisect.join('\n'))] : null
    ])
  }

  return { fill }
}

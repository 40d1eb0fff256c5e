/** The race of a cell: sentences, progress of its trials, then its numbers beside those of its control. */
function raceSection({ explanation, compared, facts: pairs, reach, extrapolatedFrom }) {
  const beside = compared.some(({ there }) => there !== null)
  const from = extrapolatedFrom ? [' ', element('b', { class: 'extrapolated' }, `extrapolated from ${extrapolatedFrom}`)] : null
  const heads = ['', 'This kernel', ['Control kernel, known bad', from]]
  return element('section', { class: 'race' },
    element('h3', { class: 'titled' }, 'How sure'),
    explanation.map((sentence) => element('p', {}, sentence)),
    reach ? reachBar(reach) : null,
    element('table', {},
      beside ? element('thead', {}, element('tr', {}, heads.map((head) => element('th', { scope: 'col' }, head)))) : null,
      element('tbody', {}, compared.map(({ word, here, there }) => element('tr', {},
        element('th', { scope: 'row' }, word),
        element('td', {}, here),
        beside ? element('td', {}, there ?? '') : null)))),
    facts(pairs))
}

/** A bar that is full when the trials without a hit are enough; its sentence says the same. */
function reachBar({ share, text }) {
  const filled = element('span')
  // By property, because the policy of the page forbids style attributes.
  filled.style.width = `${100 * share}%`
  return element('div', { class: share < 1 ? 'reach' : 'reach full' }, element('div', { 'aria-hidden': 'true' }, filled), element('span', {}, text))
}

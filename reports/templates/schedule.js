/** A race that was decided by its interleavings: the path through its window, and what was seen at each boundary of it. */
function scheduleSection({ boundaries, tried, segments, kernel, disabled, secondCut, windows, missing }) {
  const rows = [
    ['Code', segments.map(({ symbol, from, to }, index) => ({ from, to, kind: index % 2 ? 'odd' : 'even', said: symbol }))],
    ['This kernel', kernel.map(shownRun)],
    disabled.problem === null ? ['Fix disabled', disabled.runs.map(shownRun)] : null
  ].filter((row) => row !== null)
  const shows = disabled.problem === null && disabled.runs.some(({ hit }) => hit) ? 'With the fix disabled, the bug shows' : 'The bug shows'
  return element('section', { class: 'schedule' },
    element('h3', { class: 'titled' }, 'Every interleaving'),
    element('p', {}, `${tried} of ${boundaries} boundaries of the window in ${segments[0]?.symbol ?? 'the first actor'} were tried.`),
    boundaries > 0 ? element('div', { class: 'window' }, rows.map(([name, parts]) => [
      element('span', { class: 'row' }, name), strip(parts, boundaries, name)])) : null,
    boundaries > 0 ? element('p', { class: 'axis dim', 'aria-hidden': 'true' }, element('span', {}, '0'), element('span', {}, String(boundaries - 1))) : null,
    element('p', { class: 'legend' }, [['hit', 'the bug'], ['done', 'not seen'], ['waits', 'not seen, the second actor waits for the first'], ['void', 'no trial counts']]
      .map(([kind, word]) => element('span', {}, element('i', { class: kind, 'aria-hidden': 'true' }), word))),
    windows.map(({ from, to, opens, closes }) => element('p', {}, `${shows} at boundaries ${from} to ${to}: `,
      'behind ', element('code', {}, opens), ', before ', element('code', {}, closes), '.')),
    facts([
      ['Fix disabled', disabled.problem ?? `at instructions ${disabled.instructions.join(' and ')} of the path`],
      ['Second preemption', secondCut.problem === null ? secondCutText(secondCut) : `not tried: ${secondCut.problem}`],
      ...missing.map((clause) => ['Missing', clause])
    ]))
}

function shownRun({ from, to, end, hit, why }) {
  const kind = hit ? 'hit' : end
  const said = { hit: 'the bug', done: 'not seen', waits: 'not seen, the second actor waits', passed: 'not seen, the first actor took another way', void: `no trial counts: ${why}` }[kind]
  return { from, to, kind, said }
}

/** A row of the picture. Each part tells what it is where the pointer rests on it. */
function strip(parts, boundaries, name) {
  const made = svg('svg', { viewBox: `0 0 ${boundaries} 10`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${name}: ${parts.map(partText).join('; ')}` })
  for (const part of parts) {
    const rect = svg('rect', { x: part.from, y: 0, width: part.to - part.from + 1, height: 10, class: part.kind })
    const title = svg('title', {})
    title.textContent = partText(part)
    rect.append(title)
    made.append(rect)
  }
  return made
}

function partText({ from, to, said }) {
  return `${from === to ? from : `${from} to ${to}`}: ${said}`
}

function svg(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function secondCutText({ symbol, instructions, every, cuts, control }) {
  const seen = cuts.some(({ runs }) => runs.some(({ hit }) => hit)) ? 'the bug was seen' : 'not seen'
  const hit = control.problem === null ? control.cut.runs.find((run) => run.hit) : undefined
  const proof = hit
    ? `without the check at ${control.branch} it shows from instruction ${hit.from} on`
    : `no positive control: ${control.problem ?? 'it does not show without the check either'}`
  return `the second actor stopped at every ${every}th of ${instructions} instructions in ${symbol}, the first one at ` +
    `${cuts.map(({ boundary }) => boundary).join(' and ')}: ${seen}; ${proof}`
}

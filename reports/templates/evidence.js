/** Builds the panel of one cell. Texts of a guest become text nodes; no string becomes markup. */

/** An element with attributes and children; strings become text nodes. It omits `undefined` and `false` attributes. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') made.addEventListener('click', value)
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value)
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null))
  return made
}

/** The fix: title, commits and references. */
function fixSection({ title, symptom, subsystem, oracle, introduced, fixes, references }) {
  return element('section', {},
    element('h3', { class: 'titled' }, 'The fix'),
    element('p', {}, title, element('br'), element('span', { class: 'dim' }, `${subsystem}. Symptom: ${symptom}`)),
    element('ul', { class: 'fixes' }, fixes.map(({ commit, subject, fixes: culprits, cve }) => element('li', {},
      commit === 'unknown' ? 'merged, hash not known: ' : commit ? [commitLink(commit), ' '] : 'never merged: ',
      `“${subject}”`,
      culprits.length ? element('span', { class: 'dim' }, ` fixes ${culprits.map((hash) => hash.slice(0, 12)).join(', ')}`) : null,
      cve.length ? element('span', {}, ` ${cve.join(', ')}`) : null))),
    facts([
      ['Oracle', { statistical: 'statistical: a race, counted over many trials', schedule: 'schedule: a race, in every interleaving of its window' }[oracle] ?? oracle],
      introduced ? ['Introduced in', introduced] : null,
      ...references.map((address) => ['Reference', linkTo(address)])
    ]))
}

/** The upstream commit by its hash. */
function commitLink(commit) {
  const address = `https://git.kernel.org/linus/${encodeURIComponent(commit)}`
  return element('a', { href: address, rel: 'noreferrer', target: '_blank' }, element('code', {}, commit.slice(0, 12)))
}

/** A link for an http or https address, else text. */
function linkTo(address) {
  return /^https?:\/\//.test(address) ? element('a', { href: address, rel: 'noreferrer', target: '_blank' }, address) : address
}

/** A list of labels and values, without nulls. */
function facts(pairs) {
  return element('dl', {}, pairs.filter(Boolean).map(([word, said]) => [element('dt', {}, word), element('dd', {}, said)]))
}

/** One attempt: ending, reasons, subtests, logs and QEMU command. */
function attemptSection(attempt, number, total) {
  const logs = {
    console: logBox('Console', attempt.console, attempt.splats),
    output: logBox('Output of the case', attempt.output, [])
  }
  const { before, after } = attempt.taint
  const taint = (value) => value ?? 'not known'
  return element('section', { class: 'attempt' },
    element('h3', {},
      total > 1 ? `Attempt ${number} of ${total}: ` : 'Attempt: ', element('b', {}, attempt.outcome), `, ${attempt.ending}`),
    items('reasons', attempt.reasons.map(({ channel, line, rule, text }) =>
      [seenAt(channel, line, logs), ` ${text} `, element('code', { class: 'dim' }, rule)])),
    items('problems', attempt.problems.map(({ kind, line, message }) => [seenAt('output', line, logs), ` ${kind}: ${message}`])),
    attempt.tests.length ? testTree(attempt.tests) : element('p', { class: 'dim' }, 'The case did not report any test.'),
    items('splats', attempt.splats.map(({ severity, firstLine, title }) =>
      [seenAt('console', firstLine, logs), ` ${severity}: ${title}`])),
    logs.console.box,
    logs.output.box,
    commandBox(attempt.argv),
    facts([
      ['Seed', element('code', {}, attempt.seed)],
      ['Took', `${attempt.seconds.toFixed(2)} s in a ${attempt.origin} guest`],
      ['Booted as', `${attempt.bootMethod ?? 'no boot method worked'}, QEMU ${attempt.qemu}`],
      ['Taint', before === after ? String(taint(before)) : `${taint(before)} before, ${taint(after)} after`],
      ['Evidence', element('code', {}, attempt.id)]
    ]))
}

/** A list of lines; null without lines. */
function items(name, lines) {
  return lines.length ? element('ul', { class: name }, lines.map((line) => element('li', {}, line))) : null
}

/** The position of an observation; a click shows the line if the page has that log. */
function seenAt(channel, line, logs) {
  const name = `${channel}${line === null ? '' : ` ${line}`}`
  const log = line === null ? undefined : logs[channel]
  if (!log) return element('span', { class: 'line' }, name)
  return element('button', { type: 'button', class: 'line', onclick: () => log.go(line) }, name)
}

const TEST_SIGNS = { pass: '✔', fail: '✘', skip: '–', todo: '–', xfail: '–', timeout: '!', error: '!', 'not-reported': '∅' }

/** Nested subtests, each with its sign and status. */
function testTree(points) {
  return items('tests', points.map(({ name, status, reason, diagnostics, children }) => [
    element('span', { class: `status ${status}` }, `${TEST_SIGNS[status]} ${status}`), ` ${name}`,
    reason ? element('span', { class: 'dim' }, ` ${reason}`) : null,
    diagnostics.length ? element('pre', {}, diagnostics.join('\n')) : null,
    children.length ? testTree(children) : null
  ]))
}

/** A log with numbered lines and marked splats; opening it creates the lines. `go` opens it at a line. */
function logBox(title, lines, splats) {
  const list = element('ol', { class: 'log', tabindex: '0', 'aria-label': title })
  const size = `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}${splats.length ? `, ${splats.length} marked` : ''}`
  const box = element('details', {}, element('summary', {}, `${title} `, element('span', { class: 'dim' }, size)), list)
  const fill = () => {
    if (list.childElementCount === lines.length) return
    list.replaceChildren(...lines.map((text, index) => {
      const splat = splats.find(({ firstLine, lastLine }) => firstLine <= index + 1 && index + 1 <= lastLine)
      return element('li', { class: splat ? `splat ${splat.severity}` : undefined }, text)
    }))
  }
  box.addEventListener('toggle', fill)
  const go = (line) => {
    fill()
    box.open = true
    for (const marked of list.querySelectorAll('.here')) marked.classList.remove('here')
    const target = list.children[line - 1]
    target?.classList.add('here')
    target?.scrollIntoView({ block: 'center' })
    list.focus({ preventScroll: true })
  }
  return { box, go }
}

/** The QEMU command line, one option per line, quoted for a shell. */
function commandBox(argv) {
  const quote = (word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
  const text = argv.map((word, index) => `${index === 0 ? '' : word.startsWith('-') ? ' \\\n  ' : ' '}${quote(word)}`).join('')
  return element('details', {}, element('summary', {}, 'QEMU command line'), commandText(text))
}

/** A shell command with a button that copies it. */
function commandText(text) {
  return element('div', { class: 'command' }, copyButton(text), element('pre', { tabindex: '0' }, text))
}

/** The copy button before a text. */
function copyButton(text) {
  const button = element('button', { type: 'button', onclick: () => copyText(text, button) }, 'Copy')
  return button
}

/** Copy, and show on the button whether it worked. */
async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text)
    button.textContent = 'Copied'
  } catch {
    // Without a clipboard, select the text, so that one key copies it.
    getSelection().selectAllChildren(button.nextElementSibling)
    button.textContent = 'Selected, press copy'
  }
}

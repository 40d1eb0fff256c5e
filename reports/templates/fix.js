/** The panel with one fix: what the list below the matrix says of it, beside the matrix, and the marks in the heads of columns. */
function fixPanel(panel, { close, only, toggle, isMarked }) {
  return {
    /** Fill the panel with a fix; false where the page has none of this id. */
    fill(id) {
      const article = document.getElementById(`fix-${id}`)
      if (!article) return false
      const shown = article.cloneNode(true)
      shown.removeAttribute('id')
      const heading = element('h2', { id: 'panel-title', tabindex: '-1' }, id)
      shown.querySelector('h3').remove()
      for (const text of shown.querySelectorAll('pre')) text.before(copyButton(text.textContent))
      const mark = element('button', { type: 'button', 'aria-pressed': String(isMarked(id)), onclick: () => {
        toggle(id)
        mark.setAttribute('aria-pressed', String(isMarked(id)))
      } }, 'Must be carried')
      panel.className = 'of-fix'
      panel.replaceChildren(
        element('header', {},
          element('div', { class: 'tools' }, mark,
            element('button', { type: 'button', onclick: () => only(id) }, 'Only this fix'),
            element('button', { type: 'button', class: 'close', onclick: close }, 'Close')),
          heading),
        shown)
      panel.scrollTop = 0
      return true
    }
  }
}

/** The ids that a query asks to be carried: those of its first `carries:` that has no `*`. */
function markedIn(text) {
  const [, listed = ''] = /(?:^|\s)carries:([^\s*()]*)(?=\s|$)/i.exec(text) ?? []
  return listed.toLowerCase().split(',').filter(Boolean)
}

/** The query with an id among those to be carried, or no longer. */
function withMark(text, id) {
  const marked = markedIn(text)
  const next = marked.includes(id) ? marked.filter((one) => one !== id) : [...marked, id]
  const rest = text.replace(/(^|\s)carries:[^\s*()]*(?=\s|$)/i, ' ').trim()
  return [...(next.length ? [`carries:${next.join()}`] : []), rest].filter(Boolean).join(' ')
}

/** The query with a word, or without it where it has it. */
function withWord(text, word) {
  const words = text.split(/\s+/).filter(Boolean)
  return (words.includes(word) ? words.filter((one) => one !== word) : [...words, word]).join(' ')
}

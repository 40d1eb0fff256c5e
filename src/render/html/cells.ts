/** The cells of a row as markup. The template would take a fourth of the time of a page for them: a large one has 50,000. */
import { escapeText } from './fill.ts'
import type { cellOf } from './page.ts'

type Cell = ReturnType<typeof cellOf>

/** A function that gives the cells of a row as markup; most cells of a page are alike. */
export function createCellMarkup(): (cells: readonly Cell[]) => string {
  const known = new Map<string, string>()
  return (cells) => {
    let markup = ''
    for (const cell of cells) {
      if (cell.title !== '' || cell.hint !== '' || cell.notes.length > 0) markup += markupOf(cell)
      else {
        const key = `${cell.classes}\n${cell.word}`
        const one = known.get(key) ?? markupOf(cell)
        known.set(key, one)
        markup += one
      }
    }
    return markup
  }
}

function markupOf({ classes, title, word, notes, hint }: Cell): string {
  const titled = title === '' ? '' : ` title="${escapeText(title)}"`
  const noted = notes.map((note) => `<small>, ${escapeText(note)}</small>`).join('')
  const hinted = hint === '' ? '' : `<small class="hint">, <span>${escapeText(hint)}</span></small>`
  return `<td class="${escapeText(classes)}"${titled}>${escapeText(word)}${noted}${hinted}</td>`
}

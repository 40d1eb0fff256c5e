/** A bisection as one HTML file without scripts or other files; the template escapes every text. */
import type { Answer, Bisection, BisectTarget } from '#domain/report/bisect.ts'
import { certainty, commitLines, evidenceLines, factsOf, headlineOf, nameOf, changeSides, stepWords } from './phrases.ts'
import type { HtmlAssets } from '../html/assets.ts'
import { fillPage } from '../html/fill.ts'
import { momentOf, oneLine } from '../text/format.ts'

/** The files in reports/templates that make up the page. */
export const BISECTION_ASSETS: Readonly<Record<keyof HtmlAssets, readonly string[]>> = {
  template: ['head.hbs', 'bisection.hbs'],
  css: ['report.css', 'static.css'],
  js: [],
}

const WORDS: Readonly<Record<BisectTarget, string>> = { bug: 'the bug came', fix: 'the fix came' }

/** Render a bisection as one page. */
export function renderBisectionHtml(bisection: Bisection, assets: HtmlAssets): string {
  const { id, startedAt, end, target, old, new: newer, tree, paths, firstParent, confidence, commits, steps, log } = bisection
  const where = [...(firstParent ? ['first parents only'] : []), ...(paths.length > 0 ? [`limited to ${paths.join(' ')}`] : [])]
  return fillPage(assets, {
    id,
    startedAt,
    started: momentOf(startedAt),
    title: headlineOf(bisection),
    tone: end.kind === 'found' ? 'good' : 'unsure',
    certainty: `${WORDS[target]} between ${oneLine(old.name)} and ${oneLine(newer.name)}, ${certainty(confidence)}`,
    range: [tree, ...where].map(oneLine).join(', '),
    commits: commits.map((commit) => commitLines(commit).join('\n')),
    sides: changeSides(bisection).map(([what, step]) => ({
      what,
      name: nameOf(step),
      tone: toneOf(step.answer),
      evidence: evidenceLines(step)
        .map((line) => line.trim())
        .join('\n'),
    })),
    race: steps.some(({ trials }) => trials !== null),
    steps: steps.map((step) => {
      const isUntestable = step.answer !== 'shows-bug' && step.answer !== 'no-bug'
      return { ...stepWords(step), tone: toneOf(step.answer), summary: isUntestable ? oneLine(step.summary) : '' }
    }),
    facts: factsOf(bisection),
    log: log.split('\n').map(oneLine).join('\n'),
  })
}

function toneOf(answer: Answer): string {
  if (answer === 'shows-bug') return 'bad'
  return answer === 'no-bug' ? 'good' : 'unsure'
}

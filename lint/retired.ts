/** Check: words that were replaced, because the field has others, do not come back. */
import { diagnoseLines, readTexts, type Diagnostic } from './check.ts'

/** What is looked for, inside identifiers too where no word boundary says otherwise, and what to write instead. */
const RETIRED: readonly (readonly [word: RegExp, instead: string])[] = [
  [/wishes/i, 'request'],
  [/paper ?work|(?<![a-z])papers?(?![a-z])/i, 'claim sources, changelog'],
  [/muteness|\bmuted?\b/i, 'untestable, skip reason'],
  [/rehears/i, 'warm-up'],
  [/\b(?:to|can|could|cannot|not) be had\b/i, 'available'],
  [/(?<![a-z])shall(?![a-z])/i, 'must or will'],
  [/\blean(?:s|ed|ing)?\b|leansOn/i, 'reference rate'],
  [/\bborrow(?:s|ed)?\b/i, 'extrapolated, shared'],
  [/\broads?\b/i, 'boot method, code path'],
  [/\bsquares?\b/i, 'control matrix'],
  [/\bsought\b/i, 'target'],
  [/\bstanzas?\b|\bdeeds?\b|\bstretch(?:es)?\b/i, 'paragraph, action, interval'],
  [/(?<![k])witness/i, 'oracle'],
  [/unproven/i, 'inconclusive'],
  [/freshBoot/, 'noSnapshot'],
  [/ownModules?\b|\bown modules?\b/, 'external module'],
  [/\b(?:MOST|LEAST|FEWEST|LONGEST)_|\bPATIENCE/, 'MAX_, MIN_, TIMEOUT'],
  [/\b(?:is|are|was|were) no valid\b/i, 'is not a valid ...'],
  [/\bnone was\b/i, 'without one, there is none'],
  [/\bonce in (?:\d|an? [mb]illion)|\btimes in 100\b|\b1 in \d/i, 'per cent'],
  [/\bcarr(?:y|ies) out\b|carryOut|conductor|\bassembled?\b/i, 'execute, build'],
  [/\bcomplain(?:ts?|s|ed)?\b/i, 'diagnostic, problem'],
]

const TEXT = /\.(?:[ch]|css|hbs|js|json|md|patch|sh|ts|tsx?)$|^kwitness$/
/** Texts that others wrote, recorded logs and generated files, and the files that must name the words. */
const EXEMPT = new RegExp(
  [
    'LICENSES/',
    'package-lock\\.json$',
    'test/golden/(?!render/|README)',
    'test/harness/kernels/debian/fixtures/',
    'lint/retired\\.ts$',
    'test/lint/',
    // Stored runs of earlier versions have the words of then.
    'src/store/migrations\\.ts$',
    'test/store/migrations\\.test\\.ts$',
    'CHANGELOG\\.md$',
  ]
    .map((place) => `^${place}`)
    .join('|'),
)

/** Look for them in code, comments, data and pages. */
export async function checkRetired(root: string): Promise<Diagnostic[]> {
  const texts = await readTexts(root, (file) => TEXT.test(file) && !EXEMPT.test(file))
  return texts.flatMap((text) => {
    // Above the diff of a patch is prose of ours; the diff itself is of the kernel.
    const diff = text.file.endsWith('.patch') ? text.lines.findIndex((line) => line.startsWith('--- ')) : -1
    const lines = diff < 0 ? text.lines : text.lines.slice(0, diff)
    return diagnoseLines({ ...text, lines }, (line) => {
      const [word, instead] = RETIRED.find(([pattern]) => pattern.test(line)) ?? []
      return word === undefined ? null : `says "${word.exec(line)?.[0]}": write "${instead}"`
    })
  })
}

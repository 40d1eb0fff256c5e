/** Check: words that were replaced, because the field has others, do not come back. */
import { diagnoseLines, readTexts, type Diagnostic } from './check.ts'

/** What is looked for, in any case and inside identifiers too, and what to write instead. */
const RETIRED: readonly (readonly [word: RegExp, instead: string])[] = [
  [/wishes/i, 'request'],
  [/paper ?work/i, 'claim sources'],
  [/muteness/i, 'skip reason'],
  [/rehears/i, 'warm-up'],
  [/to be had\b/i, 'available'],
  [/(?<![a-z])shall(?![a-z])/i, 'must or will'],
]

/** Places that still hold some; a folder ends in a slash. It only ever gets shorter. */
const NOT_YET: readonly string[] = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'reports/templates/',
  'src/analysis/',
  'src/domain/',
  'src/render/',
  'test/',
]

const TEXT = /\.(?:[ch]|js|ts|md)$|^kwitness$/
/** Texts that others wrote, and those that must name the words. */
const EXEMPT = /^(?:LICENSES\/|test\/golden\/|lint\/retired\.ts$|test\/lint\/)/

/** Look for them in code, comments and pages. */
export async function checkRetired(root: string): Promise<Diagnostic[]> {
  const isNotYet = (file: string): boolean =>
    NOT_YET.some((place) => file === place || (place.endsWith('/') && file.startsWith(place)))
  const texts = await readTexts(root, (file) => TEXT.test(file) && !EXEMPT.test(file) && !isNotYet(file))
  return texts.flatMap((text) =>
    diagnoseLines(text, (line) => {
      const [word, instead] = RETIRED.find(([pattern]) => pattern.test(line)) ?? []
      return word === undefined ? null : `says "${word.exec(line)?.[0]}": write "${instead}"`
    }),
  )
}

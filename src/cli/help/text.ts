/** What the help of a command says below its options: remarks, exit codes, examples. */
import { definitions, textWidth, wrap } from './wrap.ts'

/** Terms and what they mean. */
export type Definitions = readonly (readonly [term: string, meaning: string])[]

/** Exit codes with what each of them says of a run. */
export type ExitCodes = Readonly<Record<string, string>>

/** Exit codes of commands that hold answers against what is expected. */
export const ANSWER_EXITS: ExitCodes = {
  0: 'the question was answered and nothing contradicts what was expected',
  1: 'findings: a kernel lacks a fix that is listed for it, a case fails its own checks, or what --fail-on names',
}

const COMMON_EXITS: ExitCodes = { 2: 'usage', 3: 'infrastructure', 130: 'interrupted' }

export interface HelpText {
  /** Paragraphs between the options and the exit codes. */
  readonly remarks?: readonly string[]
  /** Lists of terms, by the heading above each. */
  readonly terms?: Readonly<Record<string, Definitions | readonly string[]>>
  /** Besides usage, infrastructure and interrupted, which every command has. */
  readonly exits?: ExitCodes
  /** What is done, and the command line that does it. */
  readonly examples: Definitions
}

/** The text that follows the options of a command, for the width of the terminal that it is shown on. */
export function helpText({ remarks = [], terms = {}, exits, examples }: HelpText): () => string {
  const codes = Object.entries({ ...COMMON_EXITS, ...exits }).toSorted(([a], [b]) => Number(a) - Number(b))
  return () => {
    const width = textWidth(process.stdout)
    const lists = Object.entries(terms).map(([heading, list]) => [`${heading}:`, ...listLines(list, width)])
    const blocks = [
      ...remarks.map((text) => wrap(text, width)),
      ...lists,
      ...(exits === undefined ? [] : [['Exit codes:', ...definitions(codes, width)]]),
      ['Examples:', ...examples.flatMap(([what, line]) => [`  # ${what}`, ...commandLines(line, width)])],
    ]
    return blocks.map((lines) => `\n${lines.join('\n')}`).join('\n')
  }
}

/** A command line as a shell takes it: one that is too wide goes on below, broken before an option. */
function commandLines(line: string, width: number): string[] {
  const lines: string[] = []
  let rest = `  ${line}`
  while (rest.length > width) {
    const at = rest.lastIndexOf(' --', width - ' \\'.length)
    // No option, or nothing but the blanks in front of it.
    if (at < 0 || rest.slice(0, at).trim() === '') break
    lines.push(`${rest.slice(0, at)} \\`)
    rest = `      ${rest.slice(at + 1)}`
  }
  return [...lines, rest]
}

function listLines(list: Definitions | readonly string[], width: number): string[] {
  const isWords = (one: typeof list): one is readonly string[] => typeof one[0] === 'string'
  return isWords(list) ? wrap(list.join(', '), width - 2).map((line) => `  ${line}`) : definitions(list, width)
}

/** The words of --rerun, for the help of every command that has it. */
import type { Definitions } from './text.ts'

/** What the words of --rerun mean. */
export const RERUN_WORDS: Definitions = [
  ['changed', 'what has no answer yet, or depends on something that has changed: kernel, modules, program, agent, QEMU, rules'],
  ['all', 'everything'],
  ['inconclusive', 'what has changed, and races that are not decided'],
  ['failed', 'what has changed, and results that lack the fix'],
  ['sample=5%', 'what has changed, and a random part of the rest; also a number, as in sample=20'],
  ['oldest=20', 'what has changed, and so many of the results that were seen longest ago'],
]

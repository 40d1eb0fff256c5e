/** Rules about programs of suites: whether they ended and gave results, not what the results are. */
import { observed, type Facts, type Rule, type Observation } from './facts.ts'
import { resultsOf } from '../suite/results.ts'

const results = ({ evidence, reading, theCase }: Facts) => resultsOf(reading.tests, evidence.ending, theCase.oracle)

function problems({ reading: { tests } }: Facts): Observation[] {
  return [...tests.problems, ...tests.documents.flatMap((document) => document.problems)]
    .filter(({ kind }) => kind !== 'no-tests')
    .map(({ message, line }) => observed('output', message, line))
}

/** In order, as for cases: the first that observes something decides. Rules about the guest come before them. */
export const suiteRules: readonly Rule[] = [
  {
    id: 'agent/signal',
    outcome: 'error',
    look: ({ evidence: { ending } }) =>
      ending.kind === 'exited' && ending.exit.code === null
        ? [observed('agent', `signal ${ending.exit.signal} killed the program`)]
        : [],
  },
  {
    id: 'output/no-results',
    outcome: 'error',
    look: (facts) => (results(facts).length === 0 ? [observed('output', 'the program reported no test at all')] : []),
  },
  {
    id: 'output/lost',
    outcome: 'error',
    look: ({ evidence: { output } }) =>
      output.droppedBytes > 0 ? [observed('output', `the output log lost ${output.droppedBytes} bytes`)] : [],
  },
  {
    id: 'output/results',
    outcome: 'reported',
    look: (facts) => {
      const all = results(facts)
      const counts = Map.groupBy(all, ({ status }) => status)
      const words = [...counts].map(([status, own]) => `${own.length} ${status}`)
      return [observed('output', `${all.length} results: ${words.join(', ')}`), ...problems(facts)]
    },
  },
]

/**
 * The words of the filter: `series:6.1 verdict:lacks,broken -case:gup* fork`. Each narrows what is shown; commas mean either.
 * A word about kernels picks rows, one about fixes picks columns, one about the answer picks cells, a bare one rows or columns.
 */
const QUERY_KEYS = {
  series: 'row', kernel: 'row', case: 'column', fix: 'column', cve: 'column', verdict: 'cell', claim: 'cell', finding: 'cell'
}

/** Read the filter into terms; a key nobody knows is reported and otherwise ignored. */
function parseQuery(text) {
  const terms = []
  const problems = []
  for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const negated = word.startsWith('-')
    const bare = negated ? word.slice(1) : word
    const colon = bare.indexOf(':')
    const key = colon < 0 ? null : bare.slice(0, colon)
    const tests = bare.slice(colon + 1).split(',').filter(Boolean).map((value) => testFor(key, value))
    if (key !== null && !Object.hasOwn(QUERY_KEYS, key)) problems.push(`there is no word “${key}:”`)
    else if (tests.length > 0) terms.push({ key, about: key === null ? 'any' : QUERY_KEYS[key], negated, tests })
  }
  return { terms, problems }
}

/** Whether a text of the kind the term is about matches it. */
function matchesTerm(term, text) {
  return term.tests.some((test) => test(text)) !== term.negated
}

/**
 * A test for one value. A `*` stands for any letters, and an id must then fit as a whole. Without one a series is meant exactly,
 * an answer by its start, the rest anywhere in the text.
 */
function testFor(key, value) {
  if (value.includes('*')) {
    const pattern = value.split('*').map((part) => part.replace(/[^\w]/g, '\\$&')).join('.*')
    const whole = ['series', 'kernel', 'case'].includes(key)
    const expression = new RegExp(whole ? `^${pattern}$` : pattern)
    return (text) => expression.test(text)
  }
  if (key === 'series') return (text) => text === value || text === `${value}.y`
  if (QUERY_KEYS[key] === 'cell') return (text) => text.startsWith(value === 'n/a' ? 'not-applicable' : value)
  return (text) => text.includes(value)
}

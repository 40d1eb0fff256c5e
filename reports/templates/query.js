/**
 * The filter language: `series:6.1 verdict:lacks,error -case:gup* fork`. All terms must match; commas mean either. A term about
 * kernels selects rows, one about fixes columns, one about the answer cells, a bare one rows or columns.
 */
const QUERY_KEYS = {
  series: 'row', kernel: 'row', case: 'column', fix: 'column', cve: 'column', verdict: 'cell', claim: 'cell', finding: 'cell'
}

/** Parse the filter into terms; an unknown key is reported and ignored. */
function parseQuery(text) {
  const terms = []
  const problems = []
  for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const negated = word.startsWith('-')
    const bare = negated ? word.slice(1) : word
    const colon = bare.indexOf(':')
    const key = colon < 0 ? null : bare.slice(0, colon)
    const tests = bare.slice(colon + 1).split(',').filter(Boolean).map((value) => testFor(key, value))
    if (key !== null && !Object.hasOwn(QUERY_KEYS, key)) problems.push(`unknown key “${key}:”`)
    else if (tests.length > 0) terms.push({ key, about: key === null ? 'any' : QUERY_KEYS[key], negated, tests })
  }
  return { terms, problems }
}

/** Whether a text matches a term. */
function matchesTerm(term, text) {
  return term.tests.some((test) => test(text)) !== term.negated
}

/**
 * A test for one value. With a `*`, which stands for any letters, an id must match as a whole. Without one a series must be
 * equal, an answer must start with the value, any other text must contain it.
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

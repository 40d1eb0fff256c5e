/**
 * The filter language: `series:6.1 verdict:lacks,error -case:gup* fork OR since:6.12`. Terms beside each other must all match, `OR`
 * stands between alternatives, parentheses group, `-` negates, commas mean either. A term about kernels selects rows, one about
 * fixes columns, one about the answer cells, a bare one rows or columns.
 */
const QUERY_KEYS = {
  series: 'row', kernel: 'row', since: 'row', carries: 'row', case: 'column', fix: 'column', cve: 'column',
  verdict: 'cell', claim: 'cell', finding: 'cell', change: 'cell', is: 'cell'
}

/** Words of `is:`; `newest` narrows what all other terms have chosen. */
const QUERY_STATES = ['newest', 'changed']

/**
 * Parse the filter. `tree` is a term, `{ any: [...] }`, `{ all: [...] }` or `{ not: ... }`, null where nothing narrows; `terms` are all
 * terms in it. What is not known or not closed is a problem, and otherwise ignored.
 */
function parseQuery(text) {
  const words = text.toLowerCase().match(/-?\(|\)|[^\s()]+/g) ?? []
  const parsed = { tree: null, terms: [], problems: [], newest: false }
  let at = 0

  /** Alternatives up to a closing parenthesis or the end. */
  function alternatives(depth) {
    const any = [[]]
    for (; at < words.length; at += 1) {
      const word = words[at]
      if (word === ')') {
        if (depth > 0) break
        parsed.problems.push('a “)” without its “(”')
      } else if (word === '(' || word === '-(') {
        at += 1
        const inner = alternatives(depth + 1)
        if (at >= words.length) parsed.problems.push('a “(” without its “)”')
        if (inner !== null) any.at(-1).push(word === '-(' ? { not: inner } : inner)
      } else if (word === 'or' || word === '|') any.push([])
      else {
        const term = termOf(word, parsed)
        if (term !== null) any.at(-1).push(term)
      }
    }
    const filled = any.filter((all) => all.length > 0).map((all) => all.length === 1 ? all[0] : { all })
    return filled.length > 1 ? { any: filled } : filled[0] ?? null
  }

  parsed.tree = alternatives(0)
  return parsed
}

/** The term of a word; null for an unfinished one, and with a problem for one that is not known. */
function termOf(word, parsed) {
  const negated = word.startsWith('-')
  const bare = negated ? word.slice(1) : word
  const colon = bare.indexOf(':')
  const key = colon < 0 ? null : bare.slice(0, colon)
  const values = bare.slice(colon + 1).split(',').filter(Boolean)
  const problem = key === null ? null : problemOf(key, values, negated)
  if (problem !== null) parsed.problems.push(problem)
  if (problem !== null || values.length === 0) return null
  if (key === 'is' && values.includes('newest')) {
    parsed.newest = true
    return null
  }
  const about = key === null ? 'any' : QUERY_KEYS[key]
  const term = { key: key === 'is' ? 'change' : key, about, negated, tests: values.map((value) => testFor(key, value)) }
  parsed.terms.push(term)
  return term
}

/** What is wrong with a term, null where nothing is. */
function problemOf(key, values, negated) {
  if (!Object.hasOwn(QUERY_KEYS, key)) return `unknown key “${key}:”`
  const state = key === 'is' ? values.find((value) => !QUERY_STATES.includes(value)) : undefined
  if (state !== undefined) return `unknown state “is:${state}”`
  if (key === 'is' && negated && values.includes('newest')) return '“is:newest” cannot be negated'
  const version = key === 'since' ? values.find((value) => !/^\d/.test(value)) : undefined
  return version === undefined ? null : `“${version}” is not a version`
}

/** Whether a text matches a term. */
function matchesTerm(term, text) {
  return term.tests.some((test) => test(text)) !== term.negated
}

/**
 * A test for one value. With a `*`, which stands for any letters, an id must match as a whole. Without one a series must be
 * equal, an answer must start with the value, a version must not be older than it, any other text must contain it.
 */
function testFor(key, value) {
  if (key === 'is') return (text) => text !== 'same'
  if (key === 'since') return (text) => compareVersions(text, value) >= 0
  if (value.includes('*')) {
    const pattern = value.split('*').map((part) => part.replace(/[^\w]/g, '\\$&')).join('.*')
    const whole = ['series', 'kernel', 'case', 'carries'].includes(key)
    const expression = new RegExp(whole ? `^${pattern}$` : pattern)
    return (text) => expression.test(text)
  }
  if (key === 'series') return (text) => text === value || text === `${value}.y`
  if (key === 'carries') return (text) => text === value
  if (QUERY_KEYS[key] === 'cell') return (text) => text.startsWith(value === 'n/a' ? 'not-applicable' : value)
  return (text) => text.includes(value)
}

/** Order of two kernel versions: numbers by their value, a release candidate before its release. */
function compareVersions(left, right) {
  const parts = (version) => version.split(/[.~-]|(?=rc)/).filter(Boolean).map((part) => part.startsWith('rc') ? Number(part.slice(2)) - 1e6 : Number(part) || 0)
  const [a, b] = [parts(left), parts(right)]
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = (a[index] ?? 0) - (b[index] ?? 0)
    if (order !== 0) return order
  }
  return 0
}

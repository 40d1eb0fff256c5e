/** Lines into documents: the three nesting styles of kernel tests unfolded into one tree, nothing judged yet. */
import { readLine, speaks, unsplice, type PlanLine, type ResultLine } from './line.ts'
import { pour, put, takeAll } from './line-buffer.ts'
import { createDocument, isEmpty, type RawDocument } from './raw.ts'

/** Documents nested deeper than this are read as part of the deepest one. */
const DEEPEST = 8

const SELFTEST = /^# (selftests: \S.*)$/
const COMMENTED_VERSION = /^(?:# )+K?TAP version \d+\s*$/i
const YAML_OPENS = /^([ \t]+)---\s*$/

/** A reader of cleaned lines: `line` takes each with its number, `finish` gives the documents of the stream in order. */
export function createTree() {
  const documents: RawDocument[] = []
  /** The open documents, outermost first. */
  let open = [createDocument('')]

  function protocol(document: RawDocument, line: number, message: string): void {
    document.problems.push({ kind: 'protocol', message, line })
  }

  /** Close what is open inside the document at `depth`. A child that never said anything in KTAP was no document. */
  function closeBelow(depth: number): void {
    while (open.length > depth + 1) {
      const child = open.pop()!
      const parent = open.at(-1)!
      if (isEmpty(child) && !child.headed) {
        pour(child.notes, parent.pending)
        pour(child.pending, parent.pending)
      } else {
        pour(child.pending, child.notes)
        parent.waiting.push(child)
      }
    }
  }

  /** Begin a document in the place of the one at `depth`. */
  function restart(depth: number): void {
    const { indent } = open[depth]!
    if (depth > 0) {
      closeBelow(depth - 1)
    } else {
      closeBelow(0)
      pour(open[0]!.pending, open[0]!.notes)
      documents.push(open[0]!)
      open = []
    }
    open.push(createDocument(indent))
  }

  function openChild(depth: number, indent: string, name = ''): void {
    closeBelow(depth)
    open.push(createDocument(indent, name))
  }

  /** What a child document would be indented by if this line opens one, else null. */
  function childIndent(rest: string): string | null {
    if (rest.startsWith('# ')) return COMMENTED_VERSION.test(rest) ? '# ' : null
    if (rest.charCodeAt(0) !== 0x20 && rest.charCodeAt(0) !== 0x09) return null
    const indent = /^[ \t]+/.exec(rest)![0]
    const inner = readLine(rest.slice(indent.length))
    // A loose indented `ok` is prose; with its number it is a result.
    const opens = inner.kind === 'result' ? inner.number !== null : inner.kind !== 'text' && inner.kind !== 'comment'
    return opens ? indent : null
  }

  /** Lines of the YAML block under a result; tells whether this line is one. */
  function takeYaml(document: RawDocument, rest: string): boolean {
    const last = document.results.at(-1)
    if (!last) return false
    if (document.yaml === null) {
      const opens = document.pending.lines.length === 0 ? YAML_OPENS.exec(rest) : null
      if (!opens) return false
      document.yaml = opens[1]!
    } else if (!rest.startsWith(document.yaml) || readLine(rest.trim()).kind === 'version') {
      document.yaml = null
      return false
    }
    if (rest.trim() === '...') document.yaml = null
    last.diagnostics.push(rest)
    return true
  }

  function result(depth: number, said: ResultLine, line: number): void {
    closeBelow(depth)
    const document = open[depth]!
    if (document.bailOut !== null) protocol(document, line, `a result after "Bail out!": ${said.name}`)
    const { beforePlan, results } = document
    if (beforePlan > 0 && results.length === beforePlan) protocol(document, line, 'the plan stands between results')
    results.push({ said, line, diagnostics: takeAll(document.pending), children: document.waiting })
    document.waiting = []
  }

  function plan(depth: number, said: PlanLine, line: number): void {
    const document = open[depth]!
    if (document.plan) {
      // Streams are glued together without version lines; a plan inside an unfinished document is something else.
      if (document.results.length < document.plan.last) {
        protocol(document, line, `a second plan, ${said.first}..${said.last}, before the first was done`)
        return put(document.pending, `${said.first}..${said.last}`)
      }
      restart(depth)
    }
    const planned = open[depth]!
    planned.plan = said
    planned.beforePlan = planned.results.length
    if (said.first !== 1) protocol(planned, line, `a plan that starts at ${said.first}`)
  }

  function version(depth: number): void {
    closeBelow(depth)
    if (open[depth]!.headed || !isEmpty(open[depth]!)) restart(depth)
    const document = open[depth]!
    document.headed = true
    pour(document.pending, document.notes)
  }

  /** `rest` is what is left of a line inside the document at `depth`. */
  function take(depth: number, rest: string, line: number): void {
    const document = open[depth]!
    if (takeYaml(document, rest)) return
    const indent = childIndent(rest)
    if (indent !== null) {
      if (depth < DEEPEST) openChild(depth, indent)
      else protocol(document, line, `nested deeper than ${DEEPEST} documents`)
      return take(Math.min(depth + 1, DEEPEST), rest.slice(indent.length), line)
    }
    const said = readLine(rest)
    switch (said.kind) {
      case 'version':
        return version(depth)
      case 'plan':
        return plan(depth, said, line)
      case 'result':
        return result(depth, said, line)
      case 'bailout':
        closeBelow(depth)
        document.bailOut ??= said.reason
        return
      case 'subtest':
        if (depth === 0) return put(document.pending, rest.slice(2))
        closeBelow(depth)
        if (!isEmpty(document)) restart(depth)
        open[depth]!.headed = true
        open[depth]!.name = said.name
        return
      case 'comment': {
        put(document.pending, said.text)
        const selftest = depth < DEEPEST ? SELFTEST.exec(rest) : null
        if (selftest) openChild(depth, '# ', selftest[1])
        return
      }
      case 'text':
        if (rest !== '') put(document.pending, rest)
    }
  }

  /** Find the innermost open document a line belongs to, and give it the rest. */
  function place(text: string, line: number): void {
    let depth = 0
    let rest = text
    while (depth + 1 < open.length) {
      const { indent } = open[depth + 1]!
      if (rest.startsWith(indent)) rest = rest.slice(indent.length)
      else if (indent === '# ' && rest === '#') rest = ''
      else break
      depth += 1
    }
    take(depth, rest, line)
  }

  return {
    line(text: string, line: number): void {
      const spliced = unsplice(text)
      place(spliced?.own ?? text, line)
      if (!spliced) return
      const { glued } = spliced
      const document = open.at(-1)!
      const last = document.results.at(-1)
      protocol(document, line, `kernel text glued to ${JSON.stringify(spliced.own.trim())}: ${glued}`)
      if (speaks(glued)) place(glued, line)
      else if (last) last.diagnostics.push(glued)
      else put(document.pending, glued)
    },
    finish(): RawDocument[] {
      closeBelow(0)
      const last = open[0]!
      pour(last.pending, last.notes)
      const silent = isEmpty(last) && !last.headed && last.notes.lines.length === 0
      return silent ? documents : [...documents, last]
    },
  }
}

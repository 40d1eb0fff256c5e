/** Lines into documents: the three nesting styles of kernel tests unfolded into one tree, nothing judged yet. */
import { childIndent, readLine, speaks, unsplice, type KtapLine, type PlanLine, type ResultLine } from './line.ts'
import { append, drain, drainInto, isBlank } from './line-buffer.ts'
import { appended, countUnlisted, createDocument, isEmpty, NO_NUMBER, resultCount, type RawDocument } from './raw.ts'

/** Documents nested deeper than this are read as part of the deepest one. */
const MAX_DEPTH = 8

const SELFTEST = /^# (selftests: \S.*)$/
const YAML_OPENS = /^([ \t]+)---\s*$/
const NO_CHILDREN: readonly [] = []

export interface TreeOptions {
  /** Called with each document when it is closed, in order. */
  readonly onDocument: (document: RawDocument) => void
  /**
   * Results to keep of the whole stream: of those past it, failures are kept, as many again, and the rest is counted.
   * All are kept where this is not given.
   */
  readonly maxResults?: number
}

/** A reader of cleaned lines: `line` takes each with its number, `finish` closes what is open. */
export function createTree({ onDocument, maxResults = Infinity }: TreeOptions) {
  let kept = 0
  /** The open documents, outermost first. */
  let open = [createDocument('')]

  function protocol(document: RawDocument, line: number, message: string): void {
    document.problems.add('protocol', message, line)
  }

  /** Close what is open inside the document at `depth`. A child that never said anything in KTAP was not a document. */
  function closeBelow(depth: number): void {
    while (open.length > depth + 1) {
      const child = open.pop()!
      const parent = open.at(-1)!
      forgetAgain(child)
      if (isEmpty(child) && !child.headed) {
        drainInto(child.notes, parent.pending)
        drainInto(child.pending, parent.pending)
      } else {
        drainInto(child.pending, child.notes)
        parent.waiting.push(child)
      }
    }
  }

  /** Nothing came behind a version line or plan that was said again: a forked child flushed its copy of it. */
  function forgetAgain(document: RawDocument): void {
    if (document.again === null) return
    append(document.notes, `(line ${document.again.line}: the ${document.again.version ? 'version line' : 'plan'} is said again)`)
    document.again = null
  }

  /** Close the outermost document. Where only children spoke, indented as they are, they are the documents. */
  function closeOutermost(): void {
    closeBelow(0)
    const last = open[0]!
    forgetAgain(last)
    drainInto(last.pending, last.notes)
    const bare = !last.headed && !last.plan && last.bailOut === null && last.results.length === 0
    if (bare && last.waiting.length > 0) {
      const [first] = last.waiting
      for (const line of drain(last.notes)) append(first!.notes, line)
      last.waiting.forEach(onDocument)
    } else if (!isEmpty(last) || last.headed || !isBlank(last.notes)) onDocument(last)
  }

  /** Begin a document in the place of the one at `depth`. */
  function restart(depth: number): RawDocument {
    const { indent } = open[depth]!
    if (depth > 0) closeBelow(depth - 1)
    else {
      closeOutermost()
      open = []
    }
    const document = createDocument(indent)
    open.push(document)
    return document
  }

  function openChild(depth: number, indent: string, name = ''): void {
    closeBelow(depth)
    open.push(createDocument(indent, name))
  }

  /** Lines of the YAML block under a result; returns whether this line is one. */
  function takeYaml(document: RawDocument, rest: string): boolean {
    if (document.yaml === null) {
      const first = rest.charCodeAt(0)
      if ((first !== 0x20 && first !== 0x09) || document.results.length === 0 || !isBlank(document.pending)) return false
      const opens = YAML_OPENS.exec(rest)
      if (!opens) return false
      document.yaml = opens[1]!
    } else if (!rest.startsWith(document.yaml) || readLine(rest.trim()).kind === 'version') {
      document.yaml = null
      return false
    }
    if (rest.trim() === '...') document.yaml = null
    const last = document.results.at(-1)!
    last.diagnostics = appended(last.diagnostics, rest)
    return true
  }

  /**
   * Whether a result goes on in a document whose version line or plan came once more: its number is the next one and there
   * is room for it. Else the next document began there.
   */
  function goesOn(document: RawDocument, said: ResultLine): boolean {
    const { again, plan: own } = document
    const came = resultCount(document)
    if (again?.plan && again.plan.last !== own?.last) return false
    const room = own === null ? came > 0 : came < own.last
    return room && said.number === came + 1
  }

  function result(depth: number, said: ResultLine, line: number): void {
    const before = open[depth]!
    if (before.again) {
      if (goesOn(before, said)) forgetAgain(before)
      else beginAgain(depth)
    }
    closeBelow(depth)
    const document = open[depth]!
    if (document.bailOut !== null) protocol(document, line, `a result after "Bail out!": ${said.name}`)
    const { beforePlan, results, waiting } = document
    if (beforePlan > 0 && results.length === beforePlan) protocol(document, line, 'the plan stands between results')
    const { name, reason, unknown, badNumber } = said
    const status = said.status ?? (said.ok ? 'pass' : 'fail')
    if (kept >= maxResults && waiting.length === 0 && (status === 'pass' || kept >= 2 * maxResults)) {
      drain(document.pending)
      countUnlisted(document, status, said.number)
      return
    }
    kept += 1
    if (unknown !== null || badNumber !== null || waiting.length > 0) {
      document.extras.set(results.length, { unknown, badNumber, children: waiting })
      document.waiting = []
    }
    const diagnostics = drain(document.pending)
    results.push({ number: said.number ?? NO_NUMBER, name, status, reason, line, diagnostics, children: NO_CHILDREN })
  }

  /** What came once more at `depth` opens the next document. */
  function beginAgain(depth: number): void {
    const old = open[depth]!
    const again = old.again!
    const since = drain(old.pending)
    old.again = null
    const next = restart(depth)
    next.headed = again.version
    for (const text of since) append(again.version ? next.notes : next.pending, text)
    if (again.plan) setPlan(next, again.plan, again.line)
  }

  function setPlan(document: RawDocument, said: PlanLine, line: number): void {
    document.plan = said
    document.beforePlan = document.results.length
    if (said.first !== 1) protocol(document, line, `a plan that starts at ${said.first}`)
  }

  function plan(depth: number, said: PlanLine, line: number): void {
    const document = open[depth]!
    if (document.again?.version && document.again.plan === null) {
      if (document.plan !== null || document.results.length > 0) {
        document.again.plan = said
        return
      }
      // Only a version line has been said before: the plan is the first.
      forgetAgain(document)
    }
    if (!document.plan) return setPlan(document, said, line)
    // Streams are glued together without version lines; a plan inside an unfinished document is something else.
    if (resultCount(document) >= document.plan.last) {
      if (document.again) forgetAgain(document)
      document.again = { line, version: false, plan: said }
      return
    }
    const same = said.last === document.plan.last && said.first === document.plan.first
    if (same) return append(document.notes, `(line ${line}: the plan is said again)`)
    protocol(document, line, `a second plan, ${said.first}..${said.last}, before the first was done`)
    append(document.pending, `${said.first}..${said.last}`)
  }

  function version(depth: number, line: number): void {
    const document = open[depth]!
    const child = open[depth + 1]
    // The runner's child, whose version line lost its mark.
    if (child && child.name !== '' && child.indent === '# ' && isEmpty(child) && !child.headed) {
      child.headed = true
      child.unmarked = true
      append(child.notes, `(line ${line}: a version line without its mark)`)
      return
    }
    if (document.headed || !isEmpty(document)) {
      if (document.again) forgetAgain(document)
      drainInto(document.pending, document.notes)
      document.again = { line, version: true, plan: null }
      return
    }
    closeBelow(depth)
    document.headed = true
    drainInto(document.pending, document.notes)
  }

  function subtest(depth: number, name: string, rest: string): void {
    if (depth === 0) return append(open[0]!.pending, rest.slice(2))
    if (open[depth]!.again) beginAgain(depth)
    closeBelow(depth)
    if (!isEmpty(open[depth]!)) restart(depth)
    open[depth]!.headed = true
    open[depth]!.name = name
  }

  /** `rest` is what is left of a line inside the document at `depth`. */
  function take(depth: number, rest: string, line: number): void {
    const document = open[depth]!
    if (takeYaml(document, rest)) return
    const indent = childIndent(rest)
    if (indent !== null) {
      if (depth < MAX_DEPTH) openChild(depth, indent)
      else protocol(document, line, `nested deeper than ${MAX_DEPTH} documents`)
      return take(Math.min(depth + 1, MAX_DEPTH), rest.slice(indent.length), line)
    }
    say(depth, readLine(rest), rest, line)
  }

  function say(depth: number, said: KtapLine, rest: string, line: number): void {
    const document = open[depth]!
    switch (said.kind) {
      case 'version':
        return version(depth, line)
      case 'plan':
        return plan(depth, said, line)
      case 'result':
        return result(depth, said, line)
      case 'bailout':
        closeBelow(depth)
        document.bailOut ??= said.reason
        return
      case 'subtest':
        return subtest(depth, said.name, rest)
      case 'comment': {
        append(document.pending, said.text)
        const selftest = depth < MAX_DEPTH ? SELFTEST.exec(rest) : null
        if (selftest) openChild(depth, '# ', selftest[1])
        return
      }
      case 'text':
        if (rest !== '') append(document.pending, rest)
    }
  }

  /** Whether a line without a mark is the unmarked child's: it speaks KTAP and is not the parent's result of that child. */
  function isUnmarked(child: RawDocument, text: string): boolean {
    if (!child.unmarked || text.startsWith('#')) return false
    const said = readLine(text)
    return said.kind === 'result' ? said.name !== child.name : said.kind === 'plan' || said.kind === 'bailout'
  }

  /** Find the innermost open document a line belongs to, and give it the rest. */
  function place(text: string, line: number): void {
    let depth = 0
    let rest = text
    while (depth + 1 < open.length) {
      const child = open[depth + 1]!
      const { indent } = child
      if (rest.startsWith(indent)) rest = rest.slice(indent.length)
      else if (indent === '# ' && rest === '#') rest = ''
      else if (!isUnmarked(child, rest)) break
      depth += 1
    }
    take(depth, rest, line)
  }

  return {
    line(text: string, line: number): void {
      // An empty line ends a YAML block and says nothing else.
      if (text === '' && open[0]!.yaml === null) return
      const spliced = unsplice(text)
      place(spliced?.own ?? text, line)
      if (!spliced) return
      const { glued } = spliced
      const document = open.at(-1)!
      const last = document.results.at(-1)
      protocol(document, line, `kernel text glued to ${JSON.stringify(spliced.own.trim())}: ${glued}`)
      if (speaks(glued)) place(glued, line)
      else if (last) last.diagnostics = appended(last.diagnostics, glued)
      else append(document.pending, glued)
    },
    finish(): void {
      closeOutermost()
    },
  }
}

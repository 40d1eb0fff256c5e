/** Lines into documents: the three nesting styles of kernel tests unfolded into one tree, nothing judged yet. */
import { forgetAgain, goesOn } from './again.ts'
import { childIndent, readLine, speaks, unsplice, type KtapLine, type PlanLine, type Spliced } from './line.ts'
import { append, drain, drainInto, isBlank, leftOutNote, type LineBuffer } from './line-buffer.ts'
import { addAfterBailOut, addOddStart, addProblem } from './problems.ts'
import {
  addDiagnostic,
  addWaiting,
  countUnlisted,
  createDocument,
  isEmpty,
  NO_NUMBER,
  resultCount,
  takeWaiting,
  type RawDocument,
} from './raw.ts'
import type { ResultLine } from './result.ts'
import { createRoom, takesText } from './room.ts'
import { takeYaml } from './yaml.ts'

/** Documents nested deeper than this are read as part of the deepest one. */
const MAX_DEPTH = 8

const SELFTEST = /^# (selftests: \S.*)$/
const NO_CHILDREN: readonly [] = []

export interface TreeOptions {
  /** Called with each document when it is closed, in order. */
  readonly onDocument: (document: RawDocument) => void
  /**
   * Results to keep of the whole stream: of those past it, failures are kept, as many again, and the rest is counted.
   * All are kept where this is not given. With it, the text kept is bounded too.
   */
  readonly maxResults?: number
}

/** A reader of cleaned lines: `line` takes each with its number, `finish` closes what is open. */
export function createTree({ onDocument, maxResults = Infinity }: TreeOptions) {
  const room = createRoom(maxResults < Infinity)
  let kept = 0
  let hasSpoken = false
  /** The open documents, outermost first. */
  let open = [createDocument(room, '')]

  function protocol(document: RawDocument, line: number, message: () => string): void {
    addProblem(document, 'protocol', message, line)
  }

  /** The lines of a buffer, or how many they were where there is no room for them. */
  function afford(buffer: LineBuffer): string[] {
    const lines = drain(buffer)
    return lines.length === 0 || takesText(room, lines) ? lines : [leftOutNote(lines.length)]
  }

  /** What a document as a whole has to say is all said. */
  function settle(document: RawDocument): void {
    forgetAgain(document)
    drainInto(document.pending, document.notes)
    if (room.text < Infinity) for (const line of afford(document.notes)) append(document.notes, line)
  }

  /** Close what is open inside the document at `depth`. A child that never said anything in KTAP was not a document. */
  function closeBelow(depth: number): void {
    while (open.length > depth + 1) {
      const child = open.pop()!
      const parent = open.at(-1)!
      if (isEmpty(child) && !child.headed) {
        forgetAgain(child)
        drainInto(child.notes, parent.pending)
        drainInto(child.pending, parent.pending)
      } else {
        settle(child)
        addWaiting(parent, child)
      }
    }
  }

  /** Close the outermost document. Where only children spoke, indented as they are, they are the documents. */
  function closeOutermost(): void {
    closeBelow(0)
    const last = open[0]!
    settle(last)
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
    const document = createDocument(room, indent)
    open.push(document)
    return document
  }

  function openChild(depth: number, indent: string, name = ''): void {
    closeBelow(depth)
    room.documents -= 1
    open.push(createDocument(room, indent, name))
  }

  function result(depth: number, said: ResultLine, line: number): void {
    const before = open[depth]!
    if (before.again) {
      if (goesOn(before, said)) forgetAgain(before)
      else beginAgain(depth)
    }
    closeBelow(depth)
    const document = open[depth]!
    hasSpoken = true
    const { name, reason, unknown, badNumber, ok, number } = said
    if (document.bailOut !== null) addAfterBailOut(document, name, line)
    const { beforePlan, results } = document
    if (beforePlan > 0 && results.length === beforePlan) protocol(document, line, () => 'the plan stands between results')
    const status = said.status ?? (ok ? 'pass' : 'fail')
    const isFull = (kept >= maxResults && (status === 'pass' || kept >= 2 * maxResults)) || room.text < 0
    if (isFull && document.waiting.length === 0) {
      drain(document.pending)
      countUnlisted(document, status, number)
      return
    }
    kept += 1
    room.text -= name.length + reason.length
    const diagnostics = afford(document.pending)
    if (unknown !== null || badNumber !== null || document.waiting.length > 0) {
      document.extras ??= new Map()
      document.extras.set(results.length, { unknown, badNumber, children: takeWaiting(document) })
    }
    results.push({ number: number ?? NO_NUMBER, name, status, reason, line, diagnostics, children: NO_CHILDREN })
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
    hasSpoken = true
    document.plan = said
    document.beforePlan = document.results.length
    if (said.first !== 1) addOddStart(document, said.first, line)
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
    protocol(document, line, () => `a second plan, ${said.first}..${said.last}, before the first was done`)
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
      const inside = depth < MAX_DEPTH && room.documents > 0
      if (inside) openChild(depth, indent)
      else if (depth < MAX_DEPTH) protocol(document, line, () => 'more documents than are kept apart')
      else protocol(document, line, () => `nested deeper than ${MAX_DEPTH} documents`)
      return take(inside ? depth + 1 : depth, rest.slice(indent.length), line)
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
        hasSpoken = true
        document.bailOut ??= said.reason
        return
      case 'subtest':
        return subtest(depth, said.name, rest)
      case 'comment': {
        append(document.pending, said.text)
        const selftest = rest.startsWith('# selftests: ') ? SELFTEST.exec(rest) : null
        if (selftest && depth < MAX_DEPTH && room.documents > 0) openChild(depth, '# ', selftest[1])
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

  /** Kernel text that was printed into a line, which has been placed. */
  function placeGlued({ own, glued }: Spliced, line: number): void {
    const document = open.at(-1)!
    protocol(document, line, () => `kernel text glued to ${JSON.stringify(own.trim())}: ${glued}`)
    if (speaks(glued)) place(glued, line)
    else if (document.results.length > 0) addDiagnostic(document, glued)
    else append(document.pending, glued)
  }

  return {
    /** Whether there was a result, a plan or a bail-out: a stream without them is not KTAP. */
    hasSpoken: () => hasSpoken,
    line(text: string, line: number): void {
      // An empty line ends a YAML block and says nothing else.
      if (text === '' && open[0]!.yaml === null) return
      const spliced = unsplice(text)
      place(spliced?.own ?? text, line)
      if (spliced) placeGlued(spliced, line)
    },
    finish(): void {
      closeOutermost()
    },
  }
}

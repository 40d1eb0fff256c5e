/** Lines into documents: the three nesting styles of kernel tests unfolded into one tree, nothing judged yet. */
import { forgetAgain, goesOn, isCopy, isDone } from './again.ts'
import { indentOf, isVersionOfComments, mayOpen, mayOpenAt, opens, takeYaml } from './indented.ts'
import { isPlainText, readLine, speaks, unsplice, type KtapLine, type PlanLine, type Spliced } from './line.ts'
import { append, detach, drain, drainInto, isBlank } from './line-buffer.ts'
import { addAfterBailOut, addOddStart, addSecondPlan, protocol } from './problems.ts'
import {
  addDiagnostic,
  addResult,
  addWaiting,
  countUnlisted,
  createDocument,
  isEmpty,
  isFailure,
  isFirst,
  NO_NUMBER,
  resultCount,
  isUnmarked,
  takeWaiting,
  type RawDocument,
} from './raw.ts'
import type { ResultLine } from './result.ts'
import { createRoom, type Room } from './room.ts'
import { afford, hasRoom, hasRoomInside, MAX_DEPTH, settle } from './settle.ts'

const SELFTEST = /^# (selftests: \S.*)$/
const NO_CHILDREN: readonly [] = []

export interface TreeOptions {
  /** Called with each document when it is closed, in order. */
  readonly onDocument: (document: RawDocument) => void
  /** Results to keep of the whole stream: of those past it, failures are kept, as many again, and the rest is counted. */
  readonly maxResults: number
  /** The stream may never end: the text kept is bounded too. */
  readonly endless?: boolean
}

/** A reader of cleaned lines: `line` takes each with its number, `finish` closes what is open. */
export class DocumentTree {
  /** Whether there was a result, a plan or a bail-out: a stream without them is not KTAP. */
  hasSpoken = false
  private kept = 0
  private readonly room: Room
  private readonly onDocument: TreeOptions['onDocument']
  private readonly maxResults: number
  /** The open documents, outermost first. */
  private open: RawDocument[]

  constructor({ onDocument, maxResults, endless = false }: TreeOptions) {
    this.onDocument = onDocument
    this.maxResults = maxResults
    this.room = createRoom(endless)
    this.open = [createDocument(this.room, '')]
  }

  line(text: string, line: number): void {
    const outermost = this.open[0]!
    if (outermost.yaml === null) {
      // An empty line ends a YAML block and says nothing else.
      if (text === '') return
      if (isPlainText(text)) return append(outermost.pending, text)
    }
    const spliced = unsplice(text)
    this.place(spliced?.own ?? text, line)
    if (spliced) this.placeGlued(spliced, line)
  }

  finish(): void {
    this.closeOutermost()
  }

  /** Close what is open inside the document at `depth`. A child that never said anything in KTAP was not a document. */
  private closeBelow(depth: number): void {
    while (this.open.length > depth + 1) {
      const child = this.open.pop()!
      const parent = this.open.at(-1)!
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
  private closeOutermost(): void {
    this.closeBelow(0)
    const last = this.open[0]!
    settle(last)
    const bare = !last.headed && !last.plan && last.bailOut === null && last.results.length === 0
    if (bare && last.waiting.length > 0) {
      const [first] = last.waiting
      for (const line of drain(last.notes)) append(first!.notes, line)
      last.waiting.forEach(this.onDocument)
    } else if (!isEmpty(last) || last.headed || !isBlank(last.notes)) this.onDocument(last)
  }

  /** Begin a document in the place of the one at `depth`. */
  private restart(depth: number): RawDocument {
    const { indent } = this.open[depth]!
    if (depth > 0) {
      this.closeBelow(depth - 1)
      this.room.documents -= 1
    } else {
      this.closeOutermost()
      this.room.outermost -= 1
    }
    return (this.open[depth] = createDocument(this.room, indent))
  }

  private openChild(depth: number, indent: string, name = ''): void {
    if (this.open[depth]!.again && isDone(this.open[depth]!)) this.beginAgain(depth)
    this.closeBelow(depth)
    this.room.documents -= 1
    this.open.push(createDocument(this.room, indent, name))
  }

  private result(depth: number, said: ResultLine, line: number): void {
    const before = this.open[depth]!
    if (before.again) {
      if (goesOn(before, said)) forgetAgain(before)
      else this.beginAgain(depth)
    }
    this.closeBelow(depth)
    const document = this.open[depth]!
    this.hasSpoken = true
    const { name, reason, unknown, badNumber, ok, number } = said
    if (document.bailOut !== null) addAfterBailOut(document, name, line)
    const { beforePlan, results } = document
    if (beforePlan > 0 && results.length === beforePlan) protocol(document, line, () => 'the plan stands between results')
    const status = said.status ?? (ok ? 'pass' : 'fail')
    const isFull = (this.kept >= this.maxResults && (status === 'pass' || this.kept >= 2 * this.maxResults)) || this.room.text < 0
    if (isFull && document.waiting.length === 0 && (depth === 0 || !isFirst(document, status))) {
      drain(document.pending)
      countUnlisted(document, status, number)
      return
    }
    this.kept += 1
    document.keptFailure ||= isFailure(status)
    this.room.text -= name.length + reason.length
    const diagnostics = afford(document.pending, this.room)
    if (unknown !== null || badNumber !== null || document.waiting.length > 0) {
      document.extras ??= []
      document.extras.push({ index: results.length, unknown, badNumber, children: takeWaiting(document) })
    }
    addResult(document, { number: number ?? NO_NUMBER, name, status, reason, line, diagnostics, children: NO_CHILDREN })
  }

  /** What came once more at `depth` opens the next document. */
  private beginAgain(depth: number): void {
    const old = this.open[depth]!
    const again = old.again!
    const since = detach(old.pending)
    old.again = null
    const next = this.restart(depth)
    next.headed = again.version
    drainInto(since, again.version ? next.notes : next.pending)
    if (again.plan) this.setPlan(next, again.plan, again.line)
  }

  private setPlan(document: RawDocument, said: PlanLine, line: number): void {
    this.hasSpoken = true
    document.plan = said
    document.beforePlan = document.results.length
    if (said.first !== 1) addOddStart(document, said.first, line)
  }

  private plan(depth: number, said: PlanLine, line: number): void {
    const document = this.open[depth]!
    if (document.again?.version && document.again.plan === null) {
      if (document.plan !== null || document.results.length > 0) {
        document.again.plan = said
        if (document.plan !== null && !isCopy(said, document.plan)) this.beginAgain(depth)
        return
      }
      // Only a version line has been said before: the plan is the first.
      forgetAgain(document)
    }
    if (!document.plan) return this.setPlan(document, said, line)
    // Streams are glued together without version lines; a plan inside an unfinished document is something else.
    if (resultCount(document) >= document.plan.last) {
      if (!hasRoom(document, depth, line)) return
      if (document.again) forgetAgain(document)
      document.again = { line, version: false, plan: said }
      if (!isCopy(said, document.plan)) this.beginAgain(depth)
      return
    }
    const same = said.last === document.plan.last && said.first === document.plan.first
    if (same) return append(document.notes, `(line ${line}: the plan is said again)`)
    addSecondPlan(document, said, line)
    append(document.pending, `${said.first}..${said.last}`)
  }

  private version(depth: number, line: number): void {
    const document = this.open[depth]!
    const child = this.open[depth + 1]
    // The runner's child, whose version line lost its mark.
    if (child && child.name !== '' && child.indent === '# ' && isEmpty(child) && !child.headed) {
      child.headed = true
      child.unmarked = true
      append(child.notes, `(line ${line}: a version line without its mark)`)
      return
    }
    if (document.headed || !isEmpty(document)) {
      if (!hasRoom(document, depth, line)) return
      if (document.again) forgetAgain(document)
      drainInto(document.pending, document.notes)
      document.again = { line, version: true, plan: null }
      return
    }
    this.closeBelow(depth)
    document.headed = true
    drainInto(document.pending, document.notes)
  }

  private subtest(depth: number, name: string, rest: string, line: number): void {
    if (depth === 0) return append(this.open[0]!.pending, rest.slice(2))
    if (this.open[depth]!.again) this.beginAgain(depth)
    this.closeBelow(depth)
    if (!isEmpty(this.open[depth]!) && hasRoom(this.open[depth]!, depth, line)) this.restart(depth)
    this.open[depth]!.headed = true
    this.open[depth]!.name = name
  }

  /** `rest` is what is left of a line inside the document at `depth`. */
  private take(depth: number, rest: string, line: number): void {
    if (rest === '') this.open[depth]!.yaml = null
    else if (this.open[depth]!.yaml === null && !mayOpen(rest)) this.say(depth, readLine(rest), rest, line)
    else this.takeIndented(depth, rest, line)
  }

  /** The same for a line that can open a child, or can be YAML: few are. */
  private takeIndented(depth: number, rest: string, line: number): void {
    if (takeYaml(this.open[depth]!, rest)) return
    const isMarked = isVersionOfComments(rest)
    const width = isMarked ? 2 : indentOf(rest)
    const inner = rest.slice(width)
    const said = !isMarked && mayOpenAt(rest, width) ? readLine(inner) : null
    if (!isMarked && (said === null || !opens(said))) return this.say(depth, readLine(rest), rest, line)
    const inside = hasRoomInside(this.open[depth]!, depth, line)
    if (inside) this.openChild(depth, rest.slice(0, width))
    // Behind one mark there can be another.
    if (said === null) this.take(inside ? depth + 1 : depth, inner, line)
    else this.say(inside ? depth + 1 : depth, said, inner, line)
  }

  private say(depth: number, said: KtapLine, rest: string, line: number): void {
    const document = this.open[depth]!
    switch (said.kind) {
      case 'result':
        return this.result(depth, said, line)
      case 'version':
        return this.version(depth, line)
      case 'plan':
        return this.plan(depth, said, line)
      case 'bailout':
        this.closeBelow(depth)
        this.hasSpoken = true
        document.bailOut ??= said.reason
        return
      case 'subtest':
        return this.subtest(depth, said.name, rest, line)
      case 'comment': {
        append(document.pending, said.text)
        const selftest = rest.startsWith('# selftests: ') ? SELFTEST.exec(rest) : null
        if (selftest && depth < MAX_DEPTH && this.room.documents > 0) this.openChild(depth, '# ', selftest[1])
        return
      }
      case 'text':
        return rest === '' ? undefined : append(document.pending, rest)
    }
  }

  /** Find the innermost open document a line belongs to, and give it the rest. */
  private place(text: string, line: number): void {
    let depth = 0
    let rest = text
    while (depth + 1 < this.open.length) {
      const child = this.open[depth + 1]!
      const { indent } = child
      if (rest.startsWith(indent)) rest = rest.slice(indent.length)
      else if (indent === '# ' && rest === '#') rest = ''
      else if (!isUnmarked(child, rest)) break
      depth += 1
    }
    this.take(depth, rest, line)
  }

  /** Kernel text that was printed into a line, which has been placed. */
  private placeGlued({ own, glued }: Spliced, line: number): void {
    const document = this.open.at(-1)!
    protocol(document, line, () => `kernel text glued to ${JSON.stringify(own.trim())}: ${glued}`)
    if (speaks(glued)) this.place(glued, line)
    else if (document.results.length > 0) addDiagnostic(document, glued)
    else append(document.pending, glued)
  }
}

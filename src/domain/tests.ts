/** The (K)TAP of a case as one tree for all dialects. */

export type TestStatus =
  | 'pass'
  | 'fail'
  | 'skip'
  | 'todo'
  | 'xfail'
  | 'timeout'
  | 'error'
  /** Planned and never reported: the stream was cut or the program lied. */
  | 'not-reported'

export interface TestPoint {
  readonly number: number
  readonly name: string
  readonly status: TestStatus
  /** Text behind the directive (`SKIP why`), empty when none. */
  readonly reason: string
  /** 1-based line of the raw stream that reported it; absent where nothing did. */
  readonly line?: number
  /** Diagnostic lines that belong to this point, without their `# `. */
  readonly diagnostics: readonly string[]
  readonly children: readonly TestPoint[]
}

/** A problem that the reader reports. */
export interface TestProblem {
  readonly kind: 'no-tests' | 'no-plan' | 'missing-result' | 'cut-stream' | 'unknown-directive' | 'bad-number' | 'protocol'
  readonly message: string
  /** 1-based line of the raw stream, or null for the whole of it. */
  readonly line: number | null
}

export interface TestDocument {
  readonly points: readonly TestPoint[]
  /** Announced by the plan, null where there was none. */
  readonly planned: number | null
  /** `1..0 # SKIP reason`: the whole document was skipped. */
  readonly skipAll: string | null
  readonly bailOut: string | null
  /** Lines that are neither test nor directive, kept. */
  readonly diagnostics: readonly string[]
  readonly problems: readonly TestProblem[]
}

/** A stream can hold more than one document; `problems` are those of the stream as a whole. */
export interface TestStream {
  readonly documents: readonly TestDocument[]
  readonly problems: readonly TestProblem[]
}

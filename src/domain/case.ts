/** Cases: one fix under study each, a folder in c-tests/ with case.json and repro.c. */

/** An upstream commit. */
export interface Fix {
  /** Hash, full or abbreviated (12+); `unknown` where it was merged and nobody wrote it down; null where it never was. */
  readonly commit: string | 'unknown' | null
  readonly subject: string
  /** Hashes of its Fixes: lines. */
  readonly fixes: readonly string[]
  readonly cve: readonly string[]
}

/**
 * What the paperwork says about where the fix is: a claim, held against the verdict and never deciding it.
 * `mainline` is the first release (`5.15`) and `stable` the first carrying release by series (`{"6.12.y": "6.12.29"}`).
 */
interface ClaimData {
  readonly mainline: string | null
  readonly stable: Readonly<Record<string, string>>
  /** Exact subjects as a changelog lists them. */
  readonly subjects: readonly string[]
  /** Where this is written: a package changelog, a mail, a source file. */
  readonly source: string
}

/** A module that a case needs: one of the kernel, or an external module by the name of its source, `NAME.c`. */
export interface ModuleNeed {
  readonly name: string
  /** First release whose kernels the case asks without it (`6.12`); null when it wants it everywhere. */
  readonly until: string | null
}

/** An argument for the kernel's command line; with `until` only on kernels before that release: later ones do without it. */
type ArgNeed = string | { readonly arg: string; readonly until: string }

export interface Needs {
  /** vCPUs; a case that needs two runs alone on the host. */
  readonly cpus: number
  readonly memoryMiB: number
  /**
   * Modules of the kernel's to load before the case. Of one that cannot be had the case finds `NAME.missing` in its working
   * directory, with one line that says why.
   */
  readonly modules: readonly ModuleNeed[]
  /**
   * External modules: `NAME.c` in the folder of the case, built against each kernel where that is possible. The case finds
   * `NAME.ko` in its working directory, or `NAME.missing` with one line that says why not, and loads it by itself.
   */
  readonly externalModules: readonly ModuleNeed[]
  /** Added to the kernel command line. One that most kernels do without keeps their guests the same as other cases'. */
  readonly cmdline: readonly ArgNeed[]
}

/**
 * How a program decides: one run shows the bug wherever it is (`deterministic`), or each trial of a race shows it with some
 * probability (`statistical`). Programs of suites decide by the tests they report (`reports`), else by their exit status.
 */
export type Oracle = 'deterministic' | 'statistical' | 'reports' | 'exit-status'

/** How the bug itself ends an attempt, inside the step that the program says it enters (c-tests/include/core/step.h). */
export type SymptomEnding =
  /** Only the time limit ends it. A hang of the guest may leave the agent without a word; one of the case may not. */
  | { readonly kind: 'hang'; readonly of: 'case' | 'guest' }
  /** The kernel reports it, under a title (as `kwitness explain` prints it) that matches this regular expression. */
  | { readonly kind: 'splat'; readonly title: string }

export interface Case {
  readonly id: string
  readonly title: string
  readonly subsystem: string
  readonly fixes: readonly Fix[]
  /** Release that introduced the bug or the feature, null when not known. */
  readonly introduced: string | null
  /** What `not ok` means here, one sentence. */
  readonly symptom: string
  readonly oracle: Oracle
  /** Absent where the program lives to say `not ok`. */
  readonly symptomEnding?: SymptomEnding | undefined
  readonly needs: Needs
  /** Guest seconds the case takes at most on its own (before scaling), and the time after which it hangs. */
  readonly timing: { readonly expectedSeconds: number; readonly timeoutSeconds: number }
  /**
   * Where the bug is, the case hurts the kernel: a crash, or a task that nobody can end. It runs like any other, for a guest
   * serves one attempt; nothing counts that such a guest says after its splat, and it is no program for a machine in use.
   */
  readonly destructive: boolean
  readonly claim: ClaimData
  /** How it was proven to tell both sides apart: which kernels lacked the fix and which carried it, one sentence or two. */
  readonly proof: string
  readonly references: readonly string[]
  /** Absolute path of its folder. */
  readonly folder: string
}

/** Whether this is a program of a suite: it has results, and no verdict is drawn from it. */
export function isOfSuite({ oracle }: Pick<Case, 'oracle'>): boolean {
  return oracle === 'reports' || oracle === 'exit-status'
}

/** Cases: one fix under study each, a folder in c-tests/ with case.json and repro.c. */
import type { Schedule } from './race/schedule.ts'

/** An upstream commit. */
export interface Fix {
  /** Hash, full or abbreviated (12+); `unknown` for a merged fix without a recorded hash; null for one never merged. */
  readonly commit: string | 'unknown' | null
  readonly subject: string
  /** Hashes of its Fixes: lines. */
  readonly fixes: readonly string[]
  readonly cve: readonly string[]
}

/**
 * The claim of the case's own data: kwitness compares it with the verdict, and it never decides the verdict.
 * `mainline` is the first release (`5.15`) and `stable` the first carrying release by series (`{"6.12.y": "6.12.29"}`).
 */
interface ClaimData {
  readonly mainline: string | null
  readonly stable: Readonly<Record<string, string>>
  /** Exact subjects as a changelog lists them. */
  readonly subjects: readonly string[]
  /**
   * Series whose changelog omits the fix in the release of `stable`, as `source` proves: its silence is no contradiction.
   * Undefined in a stored plan that is older than this field: silence is then not held against the case.
   */
  readonly unlisted?: readonly string[] | undefined
  /** Where this is written: a package changelog, a mail, a source file. */
  readonly source: string
}

/** A module that a case needs: one of the kernel, or an external module by the name of its source, `NAME.c`. */
export interface ModuleNeed {
  readonly name: string
  /** First release on which the case does without it (`6.12`); null when it needs it on every kernel. */
  readonly until: string | null
}

/** An argument for the kernel's command line; with `until` only on kernels before that release. */
type ArgNeed = string | { readonly arg: string; readonly until: string }

export interface Needs {
  /**
   * Options of the kernel's configuration without which the case cannot be asked: `CONFIG_KSM`, built in or as a module, or
   * `CONFIG_X=VALUE` for one that must have this value.
   */
  readonly config?: readonly string[] | undefined
  /** vCPUs; a case that needs two runs alone on the host. */
  readonly cpus: number
  readonly memoryMiB: number
  /**
   * Modules of the kernel to load before the case. For an unavailable one the case finds `NAME.missing` in its working
   * directory, with one line that says why.
   */
  readonly modules: readonly ModuleNeed[]
  /**
   * External modules: `NAME.c` in the folder of the case, built against each kernel where that is possible. The case finds
   * `NAME.ko` in its working directory, or `NAME.missing` with one line that says why not, and loads it by itself.
   */
  readonly externalModules: readonly ModuleNeed[]
  /** Added to the kernel command line. With `until`, later kernels share their guests with other cases. */
  readonly cmdline: readonly ArgNeed[]
  /** The program mounts file systems: on a machine in use it runs in a mount name space of its own, or not at all. */
  readonly mounts?: boolean | undefined
}

/**
 * How a program decides: one run shows the bug wherever it is (`deterministic`), a debugger tries every interleaving of its
 * window (`schedule`), or each trial of a race shows it with some probability (`statistical`). Programs of suites decide by
 * the tests they report (`reports`), else by their exit status.
 */
export type Oracle = 'deterministic' | 'schedule' | 'statistical' | 'reports' | 'exit-status'

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
  /** Absent where the program survives the bug and prints `not ok`. */
  readonly symptomEnding?: SymptomEnding | undefined
  /** Only with the oracle `schedule`. */
  readonly schedule?: Schedule | undefined
  readonly needs: Needs
  /** Guest seconds the case takes at most on its own (before scaling), and the time after which it hangs. */
  readonly timing: { readonly expectedSeconds: number; readonly timeoutSeconds: number }
  /**
   * On an affected kernel the case damages it: a crash, or a task that cannot be killed. It runs like any other, because a guest
   * serves one attempt, but nothing after the splat counts, and it must not run on a machine in use.
   */
  readonly destructive: boolean
  readonly claim: ClaimData
  /** How the case was validated: which kernels lacked the fix and which carried it, one or two sentences. */
  readonly proof: string
  readonly references: readonly string[]
  /** Absolute path of its folder. */
  readonly folder: string
}

/** A case with a schedule as a race that is tried by chance, where its program can; any other as it is. */
export function asTriedByChance(theCase: Case): Case {
  const { schedule, ...rest } = theCase
  return schedule?.byChance !== true ? theCase : { ...rest, oracle: 'statistical' }
}

/** Behind the id of a case that is also tried by chance: the same case by its interleavings. Ids of cases have no dot. */
const BY_INTERLEAVINGS = '.interleavings'

/** A case with a schedule both ways, by chance and beside it by its interleavings, where its program can; any other as it is. */
export function triedBothWays(theCase: Case): Case[] {
  if (theCase.schedule?.byChance !== true) return [theCase]
  return [asTriedByChance(theCase), { ...theCase, id: `${theCase.id}${BY_INTERLEAVINGS}` }]
}

/** The id of the case that is tried under this id in one of both ways. */
export function triedCaseOf(id: string): string {
  return id.endsWith(BY_INTERLEAVINGS) ? id.slice(0, -BY_INTERLEAVINGS.length) : id
}

/** Whether this is a program of a suite, which has results and no verdict. */
export function isOfSuite({ oracle }: Pick<Case, 'oracle'>): boolean {
  return oracle === 'reports' || oracle === 'exit-status'
}

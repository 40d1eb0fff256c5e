/** Races decided by schedules: what a case says of its race, and what a debugger saw of every interleaving. */

/** Where the first actor's window begins and ends, and how its entry is told from others of the same function. */
interface ScheduleWindow {
  /** The function, whichever of these a kernel has first. The window ends where it returns. */
  readonly symbol: readonly string[]
  /**
   * Its argument number `index`, from 1, by which the call is known: a structure, whose `member` is the subject's address; or
   * that address itself, where `member` is null.
   */
  readonly argument: {
    readonly index: number
    readonly member: string | null
    /** Offset of the member where an image does not say it. */
    readonly offset: number | null
  }
  /** Functions at whose entry the window ends before it returns: behind it the first actor waits, or needs the other CPU. */
  readonly leave: readonly string[]
}

/** A function in which an actor waits for a lock. */
interface ScheduleWait {
  readonly symbol: string
  /** Which argument of it is the lock, from 1. */
  readonly lock: number
  /**
   * Offset in the lock of the task that owns it. Its lowest three bits are flags. Null of a spin lock, which nobody but the other
   * CPU can hold: that is the first actor.
   */
  readonly owner: number | null
}

/** How the fix is taken away from a running kernel: instructions that increment a member do so no more. */
interface ScheduleDisable {
  /** `STRUCT.MEMBER`, found in the types of the image. */
  readonly member: string
  readonly functions: readonly string[]
}

/** A second preemption: of the second actor, before the first one enters the window. */
interface ScheduleSecondCut {
  /** Functions of the second actor, whichever a kernel has first, in which it is stopped. */
  readonly functions: readonly string[]
  /**
   * `STRUCT.MEMBER` that the second actor compares at the end of that function with what it read before: the other half of the
   * fix. Without this comparison the second preemption must show the bug. Null where the fix has no such half.
   */
  readonly check: string | null
}

export interface Schedule {
  /** What the two sides do, for people: the first runs on vCPU 0, the second on vCPU 1. */
  readonly first: string
  readonly second: string
  readonly window: ScheduleWindow
  readonly waits: readonly ScheduleWait[]
  /** Null where no instruction could be changed to the same effect: other kernels, which lack the fix, show the bug. */
  readonly disable: ScheduleDisable | null
  /** Null when one preemption is all that is tried. */
  readonly secondCut: ScheduleSecondCut | null
  /** Whether the program also races without a debugger, by chance. */
  readonly byChance: boolean
}

/**
 * How the second actor's run from a boundary ended: at its end, or at a lock that the first one holds. Or the first actor took
 * another way through its window, because of what the second one had done before, and passed the boundary by.
 */
export type TrialEnd = 'done' | 'waits' | 'passed'

/** Neighbouring boundaries at which the same was seen. */
export interface BoundaryRun {
  /** The first and the last of them. */
  readonly from: number
  readonly to: number
  /** Void: no trial was made there that counts. */
  readonly end: TrialEnd | 'void'
  /** Whether the program saw the bug; false of a void one. */
  readonly hit: boolean
  /** Why it is void; empty otherwise. */
  readonly why: string
}

/** The trials of a second preemption at one boundary of the first actor, by the instructions of the second one. */
export interface SecondCutRuns {
  readonly boundary: number
  readonly runs: readonly BoundaryRun[]
}

interface CodeLine {
  readonly at: number
  readonly text: string
}

/** Why nothing was tried; `asked` is false where the case does not ask for it. */
interface NotTried {
  readonly problem: string
  readonly asked?: boolean | undefined
}

/** The trials, or why there are none. */
type Tried<T> = ({ readonly problem: null } & T) | NotTried

/**
 * What a debugger saw of every interleaving with one preemption: the first actor alone up to boundary k of its window, the
 * second one alone to its end or to a lock, then both. Boundary k lies before instruction k of the path.
 */
export interface ScheduleRecord {
  readonly schema: 'kwitness.schedule/1'
  /** Why the trials were ended before all were made; null when they were not. */
  readonly problem: string | null
  /** SYMBOL+0xOFFSET of each instruction of the window; the last one is that which it returns to. Empty when it was not seen. */
  readonly path: readonly string[]
  /** The kernel as it is. */
  readonly kernel: readonly BoundaryRun[]
  /**
   * Boundaries of them at which a trial was made; all when not given. Each other one differs from one of these by instructions
   * alone that the second actor cannot tell from none, and that cannot tell what it did.
   */
  readonly trials?: number | undefined
  /** The kernel without the fix: instructions that were changed, by their numbers in the path, and what was seen then. */
  readonly disabled: Tried<{ readonly instructions: readonly number[]; readonly runs: readonly BoundaryRun[] }>
  /**
   * The kernel as it is with a second preemption: the second actor alone up to its instruction j, the first one to `boundary`,
   * the second one to its end, then both.
   */
  readonly secondCut: Tried<{
    readonly symbol: string
    /** Instructions of the second actor in that function. */
    readonly instructions: number
    /** Each j that is a multiple of it was tried. */
    readonly every: number
    readonly cuts: readonly SecondCutRuns[]
    /** The same without the comparison, up to the first hit: SYMBOL+0xOFFSET of its branch, and what was seen. */
    readonly control: Tried<{ readonly branch: string; readonly cut: SecondCutRuns }>
  }>
  /** Instructions at the edges of hits, by their numbers in the path, as QEMU's disassembler writes them. */
  readonly code: readonly CodeLine[]
}

/** Neighbouring instructions of the path that lie in one function. */
export interface PathSegment {
  readonly symbol: string
  readonly from: number
  readonly to: number
}

/** The boundaries at which the kernel without the fix showed the bug, and the instructions at the edges. */
export interface HitWindow {
  readonly from: number
  readonly to: number
  /** The instruction behind which it opens, and that with which it closes: SYMBOL+0xOFFSET, and its text where it is known. */
  readonly opens: string
  readonly closes: string
}

/** What the trials of a schedule are worth. */
export interface ScheduleStanding {
  /** Boundaries of the window, and those at which a trial of the kernel as it is counted. */
  readonly boundaries: number
  readonly tried: number
  /** Those of them at which it was made; the rest come to the same as one of these. All when not given. */
  readonly trials?: number | undefined
  readonly segments: readonly PathSegment[]
  readonly kernel: ScheduleRecord['kernel']
  readonly disabled: ScheduleRecord['disabled']
  readonly secondCut: ScheduleRecord['secondCut']
  /** Of the kernel without the fix, or else of the kernel as it is; none where neither showed the bug. */
  readonly windows: readonly HitWindow[]
  /** What is missing to believe that the bug is absent, a clause each; none when nothing is. */
  readonly missing: readonly string[]
}

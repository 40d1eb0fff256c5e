/** What a run reports while it is under way, as plain data: a terminal, a log and a test all listen to the same events. */
import type { KernelProgress } from '#harness/kernels/index.ts'
import type { Outcome } from '#domain/judgement.ts'

export type RunEvent =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'kernel'; readonly progress: KernelProgress }
  | { readonly kind: 'kernel-failed'; readonly kernel: string; readonly message: string }
  | {
      readonly kind: 'guest-ready'
      readonly kernel: string
      readonly profile: string
      readonly seconds: number
      readonly bootMethod: string
    }
  | { readonly kind: 'attempt-started'; readonly kernel: string; readonly case: string; readonly attempt: number }
  | {
      readonly kind: 'attempt-done'
      readonly kernel: string
      readonly case: string
      readonly attempt: number
      readonly outcome: Outcome
      readonly seconds: number
      /** One sentence: the rule that decided the outcome. */
      readonly summary: string
    }
  /** The cell needs no more attempts. */
  | {
      readonly kind: 'cell-done'
      readonly kernel: string
      readonly case: string
      readonly done: number
      readonly total: number
    }

export type RunEventListener = (event: RunEvent) => void

/**
 * Thrown errors are three, by blame. What a guest does is never one of them:
 * guest misbehaviour is data and travels in Evidence.
 */

/** An error that says what to do next. */
class HintedError extends Error {
  /** What to do next, one line. */
  readonly hint: string | undefined

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** The user asked for something impossible. Exit code 2. */
export class UserError extends HintedError {
  override readonly name = 'UserError'
}

/** The machine, the network or a tool failed. Exit code 3; may be retried, is never an answer. */
export class InfraError extends HintedError {
  override readonly name = 'InfraError'
}

/** Our own mistake: something that cannot happen did. Shown with its stack. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Narrow a value that the type system knows to be impossible; throws InvariantError when reached. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`)
}

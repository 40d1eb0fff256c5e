/**
 * Thrown errors are three, by blame. What a guest does is never one of them:
 * guest misbehaviour is data and travels in Evidence.
 */

/** The user asked for something that cannot be. Exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError'
  /** What to do next, one line. */
  readonly hint: string | undefined

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** The machine, the network or a tool let us down. Exit code 3; may be retried, never counted as an answer. */
export class InfraError extends Error {
  override readonly name = 'InfraError'
  readonly hint: string | undefined

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** Our own mistake: something that cannot happen did. Shown with its stack. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Narrow a value that the type system knows to be impossible; throws InvariantError when reached. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`)
}

/** The options of `kwitness controls`. */
import type { SessionOptions } from './session.ts'

export interface ControlsOptions extends SessionOptions {
  readonly line?: readonly string[]
  readonly fix?: readonly string[]
  readonly cases?: readonly string[]
  readonly out?: string
  readonly resume?: string | true
  readonly freshBoot?: true
  /** False with --no-fork. */
  readonly fork?: boolean
  readonly dryRun?: true
  readonly sweep?: true
  readonly json?: true
}

/** Runs the command line, and turns what a command throws into a message and an exit code. */
import { CommanderError } from '@commander-js/extra-typings'
import { diskError } from '#harness/support/workspace.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import { createProgram } from './program.ts'

const words = process.argv.slice(2)

/** The exit code of an error. git bisect run would take those of other commands for an answer. */
async function failureExit(code: number): Promise<number> {
  if (words[0] !== 'bisect-step') return code
  return (await import('./output/exit-code.ts')).STEP_TROUBLE
}

try {
  const program = await createProgram(words)
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : await failureExit(2)
  } else {
    const known = error instanceof UserError || error instanceof InfraError ? error : diskError(error, 'cannot go on')
    if (known === null) throw error
    console.error(`kwitness: ${known.message}${known.hint ? `\n  ${known.hint}` : ''}`)
    process.exitCode = await failureExit(known instanceof UserError ? 2 : 3)
  }
}

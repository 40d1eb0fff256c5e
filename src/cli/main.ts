/** Runs the command line, and turns whatever is thrown into a message and an exit code. */
import { failureExit, tellFailure } from './output/failure.ts'
import { endOutput, watchStreams } from './output/streams.ts'

const words = process.argv.slice(2)

/** Whether commander threw it, after it has said what is wrong with the words; 0 is the exit code of its help. */
const isOfCommander = (error: unknown): error is { readonly exitCode: number } =>
  String((error as { code?: unknown } | null)?.code).startsWith('commander.')

watchStreams()
// What is thrown in an event, or in work that nobody waits for.
process.on('uncaughtException', (error) => process.exit(tellFailure(error, words)))

try {
  // Loaded here, so that a package that is missing or damaged is told like any other trouble.
  const { createProgram } = await import('./program.ts')
  await (await createProgram(words)).parseAsync().catch((error: unknown) => {
    if (!isOfCommander(error)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : failureExit(2, words)
  })
  await endOutput()
} catch (error) {
  process.exitCode = tellFailure(error, words)
}

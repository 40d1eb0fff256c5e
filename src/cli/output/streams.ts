/** Standard output and standard error: what is done when one of them takes no more. */
import { InfraError } from '#domain/errors.ts'

/** The first error of standard output; null while it takes everything. */
let failure: NodeJS.ErrnoException | null = null

/** Keep the errors of both streams from ending this process. Progress on stderr may lose its reader: the work goes on. */
export function watchStreams(): void {
  process.stderr.on('error', () => undefined)
  // A write over the limit on the size of files fails, and says so. Without a listener signal-exit, which execa has, ends this
  // process by the signal that comes with it.
  process.on('SIGXFSZ', () => undefined)
  process.stdout.on('error', (error) => {
    failure ??= error
  })
}

/**
 * Print to standard output and wait until it is taken. Throws InfraError where it is not. A reader that leaves (`| head`) has
 * seen what it wanted of a text for people; what a program reads (`isData`) it needs whole.
 */
export async function print(text: string, isData: boolean | undefined = false): Promise<void> {
  const error = await write(text.endsWith('\n') ? text : `${text}\n`)
  throwFailure(failure ?? error, !isData)
}

/** Wait for what others have written, such as help. Throws InfraError where standard output did not take it. */
export async function endOutput(): Promise<void> {
  await write('')
  throwFailure(failure, true)
}

const write = (text: string): Promise<NodeJS.ErrnoException | null> =>
  new Promise((resolve) => process.stdout.write(text, (error) => resolve(error ?? null)))

function throwFailure(error: NodeJS.ErrnoException | null, mayLeave: boolean): void {
  if (error === null || (mayLeave && error.code === 'EPIPE')) return
  const why = error.code === 'EPIPE' ? 'its reader left before the end' : (error.code ?? error.message)
  throw new InfraError(`cannot write standard output: ${why}`, 'write it to a place that takes all of it', { cause: error })
}

/** Do both, whatever becomes of the other. Returns what the first comes to; throws the first error. */
export async function doBoth<T>(first: Promise<T>, second: Promise<unknown>): Promise<T> {
  await Promise.allSettled([first, second])
  const result = await first
  await second
  return result
}

/** Print what a dry run would do: the words, or with `json` the data, the words then on stderr. */
export async function printPlan(words: string, data: unknown, { json = false }: { readonly json?: boolean | undefined }) {
  if (json) process.stderr.write(`kwitness: ${words}\n`)
  await print(json ? JSON.stringify(data, null, 2) : words, json)
}

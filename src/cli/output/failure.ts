/** How a command ends that throws: a message, an exit code and, for a fault of kwitness itself, a trace. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { InfraError, UserError } from '#domain/errors.ts'
import { findWorkspace, systemError } from '#harness/support/workspace.ts'

/** What stops `git bisect run`: this machine, or the way it was asked. */
const STEP_TROUBLE = 129

/**
 * Say on stderr what a command threw, and return the exit code. `words` is the command line, without the program. An error that
 * blames neither the request nor this machine is ours: its trace goes into a file.
 */
export function tellFailure(error: unknown, words: readonly string[]): number {
  const known = foreseen(error, 'cannot go on')
  const { message, hint } = known ?? unforeseen(error, words)
  process.stderr.write(`kwitness: ${message}${hint ? `\n  ${hint}` : ''}\n`)
  return failureExit(known instanceof UserError ? 2 : 3, words)
}

/** An error that blames the request or this machine, which `what` then says of the work; null for a fault of ours. */
export function foreseen(error: unknown, what: string): UserError | InfraError | null {
  return error instanceof UserError || error instanceof InfraError ? error : systemError(error, what)
}

/** The exit code of a failure: git bisect run takes any code below 128 for an answer. */
export function failureExit(code: number, words: readonly string[]): number {
  return words[0] === 'bisect-step' ? STEP_TROUBLE : code
}

/** What to say of an error that nobody foresaw: its message in one line, and where its trace is. */
function unforeseen(error: unknown, words: readonly string[]) {
  const what = (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 300)
  const trace = [
    `kwitness ${words.map((word) => JSON.stringify(word)).join(' ')}`,
    `${new Date().toISOString()}, Node ${process.version}, process ${process.pid}`,
    inspect(error, { depth: 4 }),
    '',
  ].join('\n')
  const file = writeTrace(trace)
  const hint = file === null ? `report it with this trace, which no folder takes:\n${trace}` : `report it with its trace: ${file}`
  return { message: `kwitness made a mistake, which says nothing about what was asked: ${what}`, hint }
}

/** Write a trace into the first folder that takes it; null where none does. Nothing here may throw, or wait. */
function writeTrace(trace: string): string | null {
  const name = `kwitness-trace-${new Date().toISOString().replaceAll(/[-:]|\..*/g, '')}-${process.pid}.txt`
  for (const place of tracePlaces()) {
    try {
      const file = join(place(), name)
      writeFileSync(file, trace)
      return file
    } catch {
      // The next one.
    }
  }
  return null
}

/** Where traces go, the best place first. */
function tracePlaces(): readonly (() => string)[] {
  const tracesIn = (folder: string): string => {
    const traces = join(folder, 'traces')
    try {
      mkdirSync(traces)
    } catch {
      // It is there, or writing into it fails.
    }
    return traces
  }
  return [() => tracesIn(findWorkspace().state), () => tracesIn(findWorkspace().cache), tmpdir, () => '/tmp']
}

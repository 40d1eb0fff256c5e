/** A program of the C side run on this machine, and its output read as a reproducer's. */
import { runCommand } from '#harness/support/process.ts'
import { readTests } from '#console/ktap/reader.ts'
import type { TestStream } from '#domain/tests.ts'

export interface Heard {
  readonly exitCode: number
  readonly text: string
  readonly stream: TestStream
}

/** What the program says when it runs in this folder, and its exit status. */
export async function listen(program: string, args: readonly string[], folder = '.'): Promise<Heard> {
  const { exitCode, stdout } = await runCommand(program, args, { anyExit: true, cwd: folder })
  return { exitCode, text: stdout, stream: readTests(stdout, { endMarker: true }) }
}

/** Runs a C program on this machine and reads its output as a reproducer's. */
import { runCommand } from '#harness/support/process.ts'
import { readTests } from '#console/ktap/reader.ts'
import type { TestStream } from '#domain/tests.ts'

export interface ProgramOutput {
  readonly exitCode: number
  readonly text: string
  readonly stream: TestStream
}

/** Run `program` in `folder`: its exit status, its standard output as text and as KTAP. */
export async function runProgram(program: string, args: readonly string[], folder = '.'): Promise<ProgramOutput> {
  const { exitCode, stdout } = await runCommand(program, args, { anyExit: true, cwd: folder })
  return { exitCode, text: stdout, stream: readTests(stdout, { endMarker: true }) }
}

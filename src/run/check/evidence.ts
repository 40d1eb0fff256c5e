/** Evidence of one case on a machine that runs, from the stream of kwitness-check. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckedCase, CheckStream } from '#console/check/stream.ts'
import type { Ending, Evidence, LogInfo } from '#domain/evidence.ts'
import type { Cell } from '#plan/cells.ts'
import { limitsOf, modulesOf } from '#plan/cells.ts'
import type { PlanCommon } from '#plan/plan.ts'

/** What stands for the image of a kernel that runs: sha256 (hex) of what `uname` says. */
export function kernelHash({ release = '', build = '', machine = '' }: CheckStream['head']): string {
  return createHash('sha256')
    .update(JSON.stringify([release, build, machine]))
    .digest('hex')
}

function endingOf({ ending: { code, signal, timedOut, hung, seconds } }: CheckedCase): Ending {
  if (hung) return { kind: 'case-hung', afterSeconds: seconds, killed: true }
  return { kind: 'exited', exit: { code, signal, timedOut, seconds } }
}

async function save(folder: string, file: string, bytes: Buffer, droppedBytes: number): Promise<LogInfo> {
  await writeFile(join(folder, file), bytes)
  return { file, bytes: bytes.length, droppedBytes }
}

/** The evidence of a case; its logs are written to `folder`. `program` is the hash of kwitness-check. */
export async function evidenceOf(
  plan: Pick<PlanCommon, 'seed' | 'bootSeconds'>,
  cell: Cell,
  { head, one, program, folder }: { head: CheckStream['head']; one: CheckedCase; program: string; folder: string },
): Promise<Evidence> {
  const { release = null, build = null } = head
  return {
    schema: 'kwitness.evidence/1',
    job: {
      kernel: cell.kernel.id,
      case: cell.case.id,
      profile: cell.profile,
      program,
      args: [],
      modules: modulesOf(cell),
      externalModules: [],
      seed: plan.seed,
      attempt: 1,
      limits: limitsOf(plan, cell.case),
    },
    kernel: { release, build, sha256: kernelHash(head) },
    guest: { bootMethod: null, origin: 'running', readySeconds: null, raisedPriority: false, argv: [] },
    host: {
      qemu: 'none',
      kernel: release ?? '',
      cpuModel: head['cpu'] ?? 'unknown',
      cpus: Math.max(1, Number(head['cpus'] ?? 1)),
      load: null,
    },
    ending: endingOf(one),
    taint: one.taint,
    startedAt: head['started'] ?? '',
    seconds: one.ending.seconds,
    console: await save(folder, 'console.log', one.console, 0),
    output: await save(folder, 'output.log', one.output, one.droppedBytes),
  }
}

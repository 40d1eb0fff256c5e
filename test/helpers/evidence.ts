/** Evidence with its logs on disk, as the harness hands them over, and a store in a folder of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Evidence } from '#domain/evidence.ts'
import type { Kernel } from '#domain/kernel.ts'
import { sampleEvidence } from './judging.ts'
import type { RunHost } from '#store/ports.ts'

export const host: RunHost = { kernel: '6.1.0', qemu: '7.2.19', cpus: 2, accelerator: 'tcg' }

export const kernel: Kernel = {
  id: 'debian-6.1.170-1-cloud-amd64',
  provider: 'debian',
  version: '6.1.170',
  series: '6.1.y',
  build: '6.1.170-1',
  flavour: 'cloud-amd64',
  arch: 'x86_64',
}

export const newRun = { startedAt: '2026-11-21T10:00:00.000Z', plan: { cells: ['a', 'b'] }, host }

/** A folder that is gone after the test. */
export async function temporaryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-store-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface SampleAttempt {
  readonly kernel?: string
  readonly case?: string
  readonly attempt?: number
  readonly console?: Uint8Array
  readonly output?: Uint8Array
}

/** Logs that differ by attempt, so that a mix-up is noticed. */
export function sampleLogs(attempt: number): { console: Buffer; output: Buffer } {
  const lines = Array.from({ length: 200 }, (_, line) => `[    ${line}.${attempt}] a line of the kernel\n`)
  return { console: Buffer.from(lines.join('')), output: Buffer.from(`KTAP version 1\n1..1\nok 1 sample # ${attempt}\n`) }
}

/** Write the logs into `folder` and give the evidence that names them. */
export async function attemptIn(folder: string, sample: SampleAttempt = {}): Promise<Evidence> {
  const attempt = sample.attempt ?? 1
  const logs = { ...sampleLogs(attempt), ...sample }
  await writeFile(join(folder, 'console.log'), logs.console)
  await writeFile(join(folder, 'output.log'), logs.output)
  const { job, ...rest } = sampleEvidence()
  return {
    ...rest,
    job: { ...job, kernel: sample.kernel ?? kernel.id, case: sample.case ?? 'uffd-fork-event', attempt },
    host: { qemu: host.qemu, kernel: host.kernel, cpuModel: 'a CPU', cpus: host.cpus, load: null },
    startedAt: '2026-11-21T10:00:01.000Z',
    console: { file: 'console.log', bytes: logs.console.length, droppedBytes: 0 },
    output: { file: 'output.log', bytes: logs.output.length, droppedBytes: 0 },
  }
}

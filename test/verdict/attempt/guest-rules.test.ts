import type { Ending, Evidence } from '#domain/evidence.ts'
import { OK, NOT_OK, testRows, type Row } from './rows.ts'
import { exited, reading, sampleEvidence, silent, splat } from '#test/helpers/judging.ts'

const ended = (ending: Ending): Evidence => sampleEvidence({ ending })
const died = ended(exited({ code: 1 }))
const stopped = ended({ kind: 'guest-stopped', reason: 'guest-reset' })
const lost = (droppedBytes: number) => ({ file: 'log', bytes: 100, droppedBytes })

const ROWS: readonly Row[] = [
  {
    says: 'a case that ran out of time is broken',
    evidence: ended(exited({ code: null, signal: 9, timedOut: true })),
    reading: reading(silent),
    outcome: 'error',
    rule: 'agent/timeout',
  },
  {
    says: 'a case that cannot be killed is broken',
    evidence: ended({ kind: 'case-hung', afterSeconds: 10 }),
    reading: reading(silent),
    outcome: 'error',
    rule: 'agent/case-hung',
  },
  {
    says: 'a guest that talks nonsense is broken',
    evidence: ended({ kind: 'garbled', detail: 'frame of 3 GiB' }),
    reading: reading(silent),
    outcome: 'error',
    rule: 'agent/garbled',
  },
  ...(['fatal', 'oops', 'stall'] as const).map((severity): Row => ({
    says: `a splat that is ${severity} silences the guest`,
    evidence: died,
    reading: reading(NOT_OK, { splats: [splat('warning', 'WARNING in x', 12), splat(severity, 'BUG: sample', 40)] }),
    outcome: 'unrelated-crash',
    rule: 'console/splat',
    line: 40,
  })),
  {
    says: 'a panic is a crash',
    evidence: stopped,
    reading: reading(silent, { splats: [splat('fatal', 'Kernel panic', 70)] }),
    outcome: 'unrelated-crash',
    rule: 'console/splat',
    line: 70,
  },
  {
    says: 'a guest that stops by itself crashed',
    evidence: stopped,
    reading: reading(OK),
    outcome: 'unrelated-crash',
    rule: 'qemu/guest-stopped',
  },
  {
    says: 'a second banner is a crash',
    reading: reading(OK, { extraBanners: 1 }),
    outcome: 'unrelated-crash',
    rule: 'console/second-banner',
  },
  {
    says: 'a kernel that hangs crashed',
    evidence: ended({ kind: 'kernel-hung', afterSeconds: 10 }),
    reading: reading(OK),
    outcome: 'unrelated-crash',
    rule: 'agent/kernel-hung',
  },
  {
    says: 'a kernel that oopsed in silence crashed',
    evidence: sampleEvidence({ taint: { before: 0, after: 128 } }),
    reading: reading(OK),
    outcome: 'unrelated-crash',
    rule: 'agent/died',
  },
  ...(['warning', 'notice'] as const).map((severity): Row => ({
    says: `a splat that is a ${severity} does not decide`,
    reading: reading(OK, { splats: [splat(severity, 'sample')] }),
    outcome: 'not-reproduced',
    rule: 'output/ok',
  })),
  {
    says: 'a killed QEMU is our trouble',
    evidence: ended({ kind: 'qemu-gone', code: null, signal: 'SIGKILL', stderr: '' }),
    reading: reading(OK),
    outcome: 'infra',
    rule: 'qemu/qemu-gone',
  },
  {
    says: 'a panic before QEMU went away is a crash all the same',
    evidence: ended({ kind: 'qemu-gone', code: 1, signal: null, stderr: 'x' }),
    reading: reading(silent, { splats: [splat('fatal', 'Kernel panic')] }),
    outcome: 'unrelated-crash',
    rule: 'console/splat',
  },
  {
    says: 'no word of the agent is no boot',
    evidence: ended({ kind: 'no-boot', reason: '20 s passed' }),
    reading: reading(silent),
    outcome: 'no-boot',
    rule: 'agent/no-boot',
  },
  {
    says: 'an oops before the agent spoke is still no boot: it may be the accelerator',
    evidence: ended({ kind: 'no-boot', reason: '20 s passed' }),
    reading: reading(silent, { splats: [splat('oops', 'Oops: int3')] }),
    outcome: 'no-boot',
    rule: 'agent/no-boot',
  },
  {
    says: 'our own trouble is ours',
    evidence: ended({ kind: 'infra', message: 'disk full' }),
    reading: reading(silent),
    outcome: 'infra',
    rule: 'host/infra',
  },
  {
    says: 'a console with a hole cannot be clean',
    evidence: sampleEvidence({ console: lost(5) }),
    reading: reading(OK),
    outcome: 'error',
    rule: 'log/lost',
  },
  {
    says: 'an output with a hole cannot be clean',
    evidence: sampleEvidence({ output: lost(5) }),
    reading: reading(OK),
    outcome: 'error',
    rule: 'log/lost',
  },
  {
    says: 'dropped printk messages cannot be clean',
    reading: reading(OK, { droppedMessages: 12 }),
    outcome: 'error',
    rule: 'log/lost',
  },
  {
    says: 'a bug seen stays seen where log was lost',
    evidence: sampleEvidence({ ending: exited({ code: 1 }), console: lost(5) }),
    reading: reading(NOT_OK),
    outcome: 'reproduced',
    rule: 'output/not-ok',
  },
]

testRows(ROWS)

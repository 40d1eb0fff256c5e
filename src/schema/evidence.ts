/** Schemas of src/domain/evidence.ts and src/domain/job.ts: what was observed in one attempt, and what was to be done in it. */
import { z } from 'zod'
import type { CaseExit, Ending, Evidence, LogInfo } from '#domain/evidence.ts'
import type { Job, ExternalModule } from '#domain/job.ts'
import type { BootMethod, GuestProfile } from '#domain/profile.ts'
import { count, list, seconds, seed, schemaOf, sha256, text } from './basics.ts'

export const bootMethod = schemaOf<BootMethod>()(z.enum(['microvm-pvh', 'microvm-bzimage', 'pc-bzimage', 'pc-disk']))

export const accelerator = z.enum(['kvm', 'tcg'])
export const profileAccelerator = z.enum(['kvm', 'tcg', 'none'])

const profile = schemaOf<GuestProfile>()(
  z.object({
    arch: z.literal('x86_64'),
    accelerator: profileAccelerator,
    cpus: z.int().min(1),
    memoryMiB: z.int().min(1),
    cmdline: list(text),
    userland: text.exactOptional(),
  }),
)

const externalModule = schemaOf<ExternalModule>()(
  z.union([z.object({ name: text, sha256: text }), z.object({ name: text, missing: text })]),
)

const job = schemaOf<Job>()(
  z.object({
    kernel: text,
    case: text,
    profile,
    program: text,
    args: list(text),
    modules: list(text),
    externalModules: list(externalModule),
    seed,
    attempt: z.int().min(1),
    limits: z.object({ bootSeconds: z.number(), silenceSeconds: z.number(), caseSeconds: z.number() }),
  }),
)

const caseExit = schemaOf<CaseExit>()(
  z.object({ code: z.int().nullable(), signal: z.int().nullable(), timedOut: z.boolean(), seconds: z.number() }),
)

const ending = schemaOf<Ending>()(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('exited'), exit: caseExit }),
    z.object({ kind: z.literal('case-hung'), afterSeconds: z.number(), killed: z.literal(true).exactOptional() }),
    z.object({ kind: z.literal('kernel-hung'), afterSeconds: z.number() }),
    z.object({ kind: z.literal('guest-stopped'), reason: text }),
    z.object({ kind: z.literal('qemu-gone'), code: z.int().nullable(), signal: text.nullable(), stderr: text }),
    z.object({ kind: z.literal('no-boot'), reason: text }),
    z.object({ kind: z.literal('garbled'), detail: text }),
    z.object({ kind: z.literal('infra'), message: text }),
  ]),
)

/** A name without a folder: a log lies in the evidence folder itself. */
const fileName = text.regex(/^[^/\0]+$/).refine((name) => name !== '.' && name !== '..')

const log = schemaOf<LogInfo>()(z.object({ file: fileName, bytes: count, droppedBytes: count }))

const taint = z.int().nullable()

export const evidenceSchema = schemaOf<Evidence>()(
  z.object({
    schema: z.literal('kwitness.evidence/1'),
    job,
    identity: sha256.exactOptional(),
    kernel: z.object({ release: text.nullable(), build: text.nullable(), sha256: text }),
    guest: z.object({
      bootMethod: bootMethod.nullable(),
      origin: z.enum(['booted', 'restored', 'forked', 'running']),
      readySeconds: z.number().nullable(),
      raisedPriority: z.boolean(),
      argv: list(text),
    }),
    host: z.object({
      qemu: text,
      kernel: text,
      cpuModel: text,
      cpus: z.int().min(1),
      load: z.number().nullable(),
    }),
    ending,
    taint: z.object({ before: taint, after: taint }),
    startedAt: text,
    seconds,
    console: log,
    output: log,
    schedule: log.exactOptional(),
  }),
)

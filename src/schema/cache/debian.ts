/** What the cache keeps of Debian's archive (harness/kernels/debian): its index, states of the pool, changelogs. */
import { z } from 'zod'
import { count, list, text, type DataOf } from '../basics.ts'
import { kernelSchema } from '../kernel.ts'

/** A file of the pool as the signed index describes it, with all its URIs. */
export const poolFile = z.object({ sha256: text, bytes: count, uris: list(text) })

export type PoolFile = DataOf<typeof poolFile>

/** A kernel build in the indexes. */
export const debianKernelSchema = z.object({
  ...kernelSchema.shape,
  /** `uname -r`, taken from the package names: `6.1.0-47-cloud-amd64`. */
  release: text,
  /** Suites that list the build, sorted. */
  suites: list(text),
  /** The package with vmlinuz; before 6.19 it also contains the modules and the config. */
  boot: poolFile,
  bootHoldsModules: z.boolean(),
  /** Null when the index does not list such a package (6.19 to 7.1). */
  modules: poolFile.nullable(),
  base: poolFile.nullable(),
})

export type DebianKernel = DataOf<typeof debianKernelSchema>

/** A package that external modules are compiled against. */
const headerPackage = z.object({ name: text, version: text, file: poolFile })

export type HeaderPackage = DataOf<typeof headerPackage>

export const debianIndexSchema = z.object({
  schema: z.literal('kwitness.debian-index/2'),
  /** ISO 8601 times of the last successful refresh and of the last try; they differ after a refresh that failed. */
  refreshedAt: text,
  askedAt: text,
  /** False when the last refresh could not reach the mirror for some of the lists. */
  reached: z.boolean(),
  /** By suite, the ISO 8601 time when its list last arrived; before `askedAt` where the newest try brought nothing. */
  arrivals: z.record(text, text).default({}),
  /** Suites for which the mirror has no verified index. */
  missingSuites: list(text),
  kernels: list(debianKernelSchema),
  headers: list(headerPackage),
})

export type DebianIndex = DataOf<typeof debianIndexSchema>

/** By URI, whether the file is gone from the pool, and when the pool was asked (ISO 8601). */
export const poolAnswersSchema = z.record(text, z.object({ gone: z.boolean(), at: text }))

export type PoolAnswers = DataOf<typeof poolAnswersSchema>

export const changelogIndexSchema = z.object({
  schema: z.literal('kwitness.changelog/1'),
  /** Hash of the uncompressed text. */
  sha256: text,
  /** Package version that the file came with, and every version that it covers, newest first. */
  build: text,
  builds: list(text),
  /** Upstream stable releases that it lists: `6.12.29`. */
  releases: list(text),
})

export type ChangelogIndex = DataOf<typeof changelogIndexSchema>

/** A linux-source package, and the `refreshedAt` of the index that it was found in. */
export const foundSourceSchema = z.object({
  refreshedAt: text,
  found: z.object({
    /** Debian's package version. */
    build: text,
    version: text,
    file: poolFile,
  }),
})

export type SourcePackage = DataOf<typeof foundSourceSchema>['found']

/** What the cache keeps of kernels built from source (harness/kernels/tree). Keys are hashes of this data: its order counts. */
import { z } from 'zod'
import { count, list, text, type DataOf } from '../basics.ts'
import { kernelSchema } from '../kernel.ts'
import { poolFile } from './debian.ts'

const place = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('debian'), package: text, build: text.nullable() }),
  z.object({ kind: z.literal('git'), path: text, revision: text }),
  z.object({ kind: z.enum(['tarball', 'folder']), path: text }),
])

const source = z.object({
  place,
  /** Identifies the content (hex), whatever its name and path. */
  key: text,
  /** Upstream version from the Makefile or the package. */
  version: text,
  /** For people: `linux-source-5.10 5.10.262-1`, `/src/linux@v6.1.170`. */
  label: text,
  /** The Debian package; null for any other source. */
  file: poolFile.nullable(),
})

/** A resolved source of a kernel. */
export type TreeSource = DataOf<typeof source>

/** One setting of a config fragment: `CONFIG_SMP=y`, or `# CONFIG_KSM is not set`. */
const setting = z.object({
  symbol: text,
  /** Null for a symbol that must not be set. */
  value: text.nullable(),
  /** The line ends with `# if known`: a kernel that does not offer the symbol is not an error. */
  ifKnown: z.boolean(),
})

export type Setting = DataOf<typeof setting>

/** A config fragment: its name and its settings, without comments. */
const fragment = z.object({ name: text, lines: list(setting) })

export type Fragment = DataOf<typeof fragment>

const patch = z.object({
  name: text,
  /** Its changes. */
  text,
  /** Where it is not UTF-8: each character of `text` is a byte. */
  encoding: z.literal('latin1').optional(),
})

export type Patch = DataOf<typeof patch>

export const recipeSchema = z.object({
  schema: z.literal('kwitness.tree-recipe/1'),
  kernel: kernelSchema,
  source,
  fragments: list(fragment),
  patches: list(patch),
  /** Key of the recipe without patches: builds with the same key share all objects that a patch does not change. */
  baseKey: text,
})

export type Recipe = DataOf<typeof recipeSchema>

/** The number of objects of the last full build, by series and fragments. */
export const objectCountsSchema = z.record(text, count)

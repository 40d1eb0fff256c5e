/**
 * The part of a selector behind `image:`, of a kernel and of a userland.
 *
 *     PART   = PATH {"," OPTION}
 *     OPTION = "format=" ("raw" | "qcow2") | "user=" NAME | "key=" (PATH | "agent")      each at most once
 *
 * A path may hold any character (selector-parts.ts).
 */
import { UserError } from '#domain/errors.ts'
import { isPath, pathIn, splitParts } from '../provider/selector-parts.ts'

export type ImageFormat = 'raw' | 'qcow2'

export interface ImageSelector {
  readonly path: string
  /** Null where the image itself says it. */
  readonly format: ImageFormat | null
  /** Null for root. */
  readonly user: string | null
  /** Path of a private key, or `agent`; null for a key that kwitness brings by cloud-init. */
  readonly key: string | null
}

const EXAMPLE = 'write image:/path/to/disk.qcow2,user=debian,key=/path/to/id_ed25519'
const FORMATS: readonly string[] = ['raw', 'qcow2']

/** Parse the part. Throws UserError for an unknown option or format, an option that is given twice, or a missing image. */
export function parseImageSelector(part: string): ImageSelector {
  const isThere = (key: string | null, text: string): boolean =>
    key === null ? isPath(text) : key === 'key' ? text === 'agent' || isPath(text) : !text.includes(',')
  const keys = { format: 'raw|qcow2', user: 'NAME', key: 'PATH' }
  const { first, options } = splitParts(part, { whole: `image:${part}`, keys, isThere, hint: EXAMPLE })
  if (first === '') throw new UserError(`image:${part} does not name a disk image`, EXAMPLE)
  if (new Set(options.map(({ key }) => key)).size < options.length) {
    throw new UserError(`image:${part} gives an option twice`, EXAMPLE)
  }
  const valueOf = (wanted: string): string | null => options.find(({ key }) => key === wanted)?.value ?? null
  const format = valueOf('format')
  if (format !== null && !FORMATS.includes(format)) {
    throw new UserError(`image:${part}: ${format} is not a format that kwitness boots`, 'write format=raw or format=qcow2')
  }
  const user = valueOf('user')
  if (user !== null && !/^[a-z_][a-z0-9_.-]*$/i.test(user)) {
    throw new UserError(`image:${part}: ${JSON.stringify(user)} is not a valid name of a user`, EXAMPLE)
  }
  const key = valueOf('key')
  if (user !== null && user !== 'root' && key === null) {
    throw new UserError(`image:${part} names a user without a key`, `${EXAMPLE}; or key=agent`)
  }
  return {
    path: pathIn(first),
    format: format as ImageFormat | null,
    user,
    key: key === null || key === 'agent' ? key : pathIn(key),
  }
}

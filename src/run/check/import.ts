/** Streams that kwitness-check printed elsewhere, taken in as a run. */
import { createHash } from 'node:crypto'
import { readCheckStream, type CheckStream } from '#console/check/stream.ts'
import { classify } from '#harness/check/ask.ts'
import type { Workspace } from '#harness/support/workspace.ts'
import { asTriedByChance } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { openStore } from '#store/index.ts'
import { CATALOGUE, readCatalogue } from '../prepare/catalogue.ts'
import type { OnSkipped } from '../results/scan.ts'
import { storeAnswers, type Asked } from './answers.ts'
import type { StoredCheck } from './check.ts'
import { kernelOfHost } from './kernel.ts'

export interface ImportedFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** A stream and the machine it is of. Throws UserError for one that kwitness-check did not print, and for one without a case. */
function readFile({ path, bytes }: ImportedFile): { readonly stream: CheckStream; readonly asked: Asked } {
  const stream = readCheckStream(bytes)
  if (stream.planned === null) {
    throw new UserError(`${path} is not the output of kwitness-check`, 'kwitness read shows any other KTAP or console log')
  }
  if (stream.cases.length === 0) {
    const hint = 'kwitness-check --list shows the cases that it has; take its whole output'
    throw new UserError(`${path} holds no case: its plan has ${stream.planned}, and none ended`, hint)
  }
  const { host = path } = stream.head
  const kernel = kernelOfHost(host, stream.head)
  if (kernel === null)
    throw new UserError(`${path} is of a machine ${stream.head['machine'] ?? 'without a name'}, not x86_64 or aarch64`)
  const end = { kind: 'lost', message: 'the file ends there' } as const
  const seconds = stream.cases.reduce((sum, one) => sum + one.ending.seconds, 0)
  return { stream, asked: { host, kernel, changelog: null, answer: { ...classify(end, stream, ''), stream, seconds } } }
}

interface ImportOptions {
  readonly catalogue?: string | undefined
  readonly workspace: Workspace
  /** Called with a line about each stored run that cannot be read. */
  readonly onSkipped: OnSkipped
}

/**
 * Store streams of kwitness-check as a run. The caller closes the store. Throws UserError for a file that is no such stream, for
 * two of one machine, and for a case that the catalogue does not have.
 */
export async function importStreams(
  files: readonly ImportedFile[],
  { catalogue = CATALOGUE, workspace, onSkipped }: ImportOptions,
): Promise<StoredCheck> {
  const read = files.map(readFile)
  const known = await readCatalogue(catalogue)
  const named = new Set(read.flatMap(({ stream }) => stream.cases.map(({ id }) => id)))
  const cases = known.filter(({ id }) => named.has(id)).map(asTriedByChance)
  const strange = [...named].filter((id) => !known.some((one) => one.id === id))
  if (strange.length > 0) {
    throw new UserError(
      `the catalogue does not have ${strange.join(', ')}`,
      'name the catalogue of that kwitness-check with --catalogue',
    )
  }
  const hash = createHash('sha256')
  for (const { bytes } of files) hash.update(bytes)
  const seed = read[0]?.stream.head['seed'] ?? '0'
  const store = await openStore(workspace.state)
  try {
    const asked = read.map((one) => one.asked)
    return {
      store,
      record: await storeAnswers(
        store,
        { asked, cases, seed, program: hash.digest('hex') },
        { cache: workspace.cache, onSkipped },
      ),
    }
  } catch (error) {
    store.close()
    throw error
  }
}

/** `kwitness cases build`: static programs of cases, for machines without kwitness. */
import { chmod, copyFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { buildCheckProgram } from '#harness/image/check-program.ts'
import { findWorkspace, makeFolder, writeAt } from '#harness/support/workspace.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { buildReproducer } from '#run/prepare/reproducers.ts'
import { INTERRUPTED } from '#cli/output/exit-code.ts'
import { print } from '#cli/output/streams.ts'
import { untilSignal } from '#cli/terminal/signals.ts'

interface BuildOptions {
  readonly catalogue?: string | undefined
  readonly all?: true | undefined
  readonly out?: string | undefined
}

/** Build the program that these ids mean, and give the exit code. Throws UserError for ids together with --all, and for none. */
export async function buildCasesCommand(
  ids: readonly string[] | undefined,
  { catalogue = CATALOGUE, all, out }: BuildOptions,
): Promise<number> {
  const named = ids ?? []
  if (named.length > 0 === (all === true)) {
    throw new UserError('name cases or give --all, one of the two', 'kwitness cases lists them')
  }
  if (out === undefined) throw new UserError('--out is missing', 'name the program to write')
  const cases = selectCases(await readCatalogue(catalogue), all === true ? ['all'] : named)
  const finished = await untilSignal((signal) => build(cases, all === true, resolve(out), signal))
  return finished ? 0 : INTERRUPTED
}

/** Build the program of one case, or kwitness-check with them, and copy it to `path`. */
async function build(cases: readonly Case[], isAll: boolean, path: string, signal: AbortSignal): Promise<void> {
  const { cache } = findWorkspace()
  const [first, ...others] = cases
  const isOne = first !== undefined && others.length === 0 && !isAll
  const program = isOne ? await buildReproducer(cache, first, undefined, signal) : await buildCheckProgram(cache, cases, signal)
  await writeAt(path, 'name another place with --out', async () => {
    await makeFolder(dirname(path))
    // A program that runs cannot be written to, but it can be replaced.
    const temporary = `${path}.${process.pid}`
    try {
      await copyFile(program.path, temporary)
      await chmod(temporary, 0o755)
      await rename(temporary, path)
    } finally {
      await rm(temporary, { force: true })
    }
  })
  const { size } = await stat(path)
  const what = isOne ? first.id : `kwitness-check with ${cases.length} cases`
  await print(`${path}: ${what}, ${(size / 1e6).toFixed(1)} MB`)
}

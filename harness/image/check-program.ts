/** kwitness-check: the reproducers of many cases in one static program, for a machine that runs (vm-images/check). */
import { createHash } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { runCommand } from '../support/process.ts'
import { inRepository } from '../support/repository.ts'
import { publishSealed } from '../support/sealed.ts'
import { buildProgram, createHeaders, findProgram, FLAGS, programIn, type Program } from './program.ts'

/** Flags of an object file: those with which lint compiles the same files, so that both share the cache. */
const OBJECT_FLAGS = [...FLAGS, '-c']

const text = (value: string): string => JSON.stringify(value)

/** The C name of the main() of the nth case. */
const mainOf = (n: number): string => `case_main_${n}`

/** The table of cases that vm-images/check/check.h declares, as C. */
function caseTable(cases: readonly Case[]): string {
  const row = ({ id, destructive, needs, timing, oracle }: Case, n: number): string => {
    const isRace = oracle === 'statistical' || oracle === 'schedule'
    const modules = [...needs.modules.map(({ name }) => text(name)), 'NULL'].join(', ')
    const numbers = [destructive, needs.mounts === true, isRace, Math.ceil(timing.timeoutSeconds), needs.memoryMiB].map(Number)
    return `\t{ ${text(id)}, ${numbers.join(', ')}, (const char *const []){ ${modules} }, ${mainOf(n)} },`
  }
  return [
    '// SPDX-License-Identifier: GPL-2.0-only',
    '#include "check.h"',
    ...cases.map((_, n) => `extern int ${mainOf(n)}();`),
    'const struct check_case check_cases[] = {',
    ...cases.map(row),
    '};',
    `const int check_case_count = ${cases.length};`,
    '',
  ].join('\n')
}

/** The object files of cases, in order, as many compilers at once as there are cores. */
async function buildObjects(cache: string, cases: readonly Case[], include: string, signal?: AbortSignal): Promise<Program[]> {
  const headers = createHeaders()
  const objects: Program[] = []
  let next = 0
  const compile = async (): Promise<void> => {
    for (let n = next++; n < cases.length; n = next++) {
      signal?.throwIfAborted()
      const source = join(cases[n]!.folder, 'repro.c')
      objects[n] = await buildProgram(cache, [source], [include], { flags: OBJECT_FLAGS, headers, signal })
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, compile))
  return objects
}

/**
 * Build kwitness-check with these cases, or find it in the cache. Throws UserError for a case that does not compile, or that
 * defines a global symbol of another one.
 */
export async function buildCheckProgram(cache: string, cases: readonly Case[], signal?: AbortSignal): Promise<Program> {
  const folder = inRepository('vm-images', 'check')
  const own = (await readdir(folder)).filter((name) => name.endsWith('.c')).toSorted()
  const parts = [
    ...(await Promise.all(own.map((name) => buildProgram(cache, [join(folder, name)], [], { flags: OBJECT_FLAGS, signal })))),
    ...(await buildObjects(cache, cases, inRepository('c-tests', 'include'), signal)),
  ]
  const table = caseTable(cases)
  const inputs = JSON.stringify([parts.map(({ sha256 }) => sha256), table, FLAGS])
  const sha256 = createHash('sha256').update(inputs).digest('hex')
  const found = await findProgram(cache, sha256)
  if (found) return found
  const path = programIn(cache, sha256)
  await publishSealed(dirname(path), async (temporary) => {
    const source = join(temporary, 'cases.c')
    await writeFile(source, table)
    const objects = parts.map((part, n) => ({ from: part.path, to: join(temporary, `${n}.o`), main: n - own.length }))
    const rename = objects.map(async ({ from, to, main }) => {
      const symbols = main < 0 ? [] : ['--redefine-sym', `main=${mainOf(main)}`]
      await runCommand('objcopy', [...symbols, from, to])
    })
    await Promise.all(rename)
    const files = [source, ...objects.map(({ to }) => to)]
    const args = [...FLAGS, `-I${folder}`, '-o', join(temporary, 'program'), ...files]
    const { exitCode, stderr } = await runCommand('gcc', args, { anyExit: true, signal })
    if (exitCode !== 0) throw new UserError(`the cases do not link into one program:\n${stderr.trim()}`)
    await Promise.all(files.map((file) => rm(file)))
  })
  return { path, sha256 }
}

/** Checks that tools make: the TypeScript compiler, oxlint, oxfmt, knip, the C compiler, the shell. */
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { buildProgram, createHeaders, FLAGS } from '#harness/image/program.ts'
import { exists, findWorkspace } from '#harness/support/workspace.ts'
import { diagnoseWithTool, readTexts, type Diagnostic } from './check.ts'

const TOOLS = inRepository('node_modules', '.bin')

/** What the TypeScript compiler knows of a tree from the last time, in the tree; git ignores it. */
const BUILD_INFO = '.tsbuildinfo'

/** The TypeScript compiler reports nothing. It reads again only what changed, and what that bears on. */
export function checkTypes(root: string): Promise<Diagnostic[]> {
  const again = ['--incremental', '--tsBuildInfoFile', join(root, BUILD_INFO)]
  return diagnoseWithTool(join(TOOLS, 'tsc'), ['--project', root, '--pretty', 'false', ...again], root)
}

/** oxlint, with the rules of .oxlintrc.json, reports nothing. */
export function checkRules(root: string): Promise<Diagnostic[]> {
  return diagnoseWithTool(join(TOOLS, 'oxlint'), ['--format', 'unix', '--deny-warnings'], root)
}

/** oxfmt, with the style of .oxfmtrc.json, would write every file as it is. */
export function checkFormat(root: string): Promise<Diagnostic[]> {
  return diagnoseWithTool(join(TOOLS, 'oxfmt'), ['--list-different', '.'], root)
}

/** knip, as knip.jsonc says where programs begin, reaches every file, export and package. */
export function checkUnused(root: string): Promise<Diagnostic[]> {
  return diagnoseWithTool(join(TOOLS, 'knip'), ['--no-progress', '--reporter', 'compact'], root)
}

/**
 * Every program compiles without a warning, as it is when it is built; a kernel module is not a program. What compiled before,
 * with the same headers, flags and compiler, is in the cache and is not compiled again.
 */
export async function checkC(root: string): Promise<Diagnostic[]> {
  const own = /^(?:c-tests|vm-images\/(?:guest|check)|harness\/(?:boot|suites))\/.*\.c$/
  const sources = await readTexts(root, (file) => own.test(file))
  const programs = sources.filter(({ lines }) => !lines.some((line) => line.startsWith('MODULE_LICENSE(')))
  const { cache } = findWorkspace()
  const include = join(root, 'c-tests/include')
  const includes = (await exists(include)) ? [include] : []
  const options = { flags: [...FLAGS, '-c'], headers: createHeaders() }
  const found = await Promise.all(
    programs.map(async ({ file }): Promise<Diagnostic[]> => {
      const message = await buildProgram(cache, [join(root, file)], includes, options).then(
        () => null,
        (error: Error) => error.message,
      )
      return message?.split('\n').map((line) => ({ file, line: null, message: line })) ?? []
    }),
  )
  return found.flat()
}

/** The shell reads the launcher. dash is Debian's /bin/sh and takes nothing but POSIX. */
export async function checkShell(root: string): Promise<Diagnostic[]> {
  const launcher = await diagnoseWithTool('sh', ['-n', 'kwitness'], root)
  return [...launcher, ...(await diagnoseWithTool('bash', ['-n', '.ci/run'], root))]
}

/** Checks that tools make: the TypeScript compiler, oxlint, the C compiler, the shell. */
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { FLAGS } from '#harness/image/program.ts'
import { complainByTool, readTexts, type Complaint } from './check.ts'

const TOOLS = inRepository('node_modules', '.bin')

/** The TypeScript compiler has no complaint. */
export function checkTypes(root: string): Promise<Complaint[]> {
  return complainByTool(join(TOOLS, 'tsc'), ['--project', root, '--pretty', 'false'], root)
}

/** Nor has oxlint, with the rules of .oxlintrc.json. */
export function checkRules(root: string): Promise<Complaint[]> {
  return complainByTool(join(TOOLS, 'oxlint'), ['--format', 'unix', '--deny-warnings'], root)
}

/** Every program compiles without a warning, as it is when it is built. A kernel module is none. */
export async function checkC(root: string): Promise<Complaint[]> {
  const own = /^(?:c-tests|vm-images\/guest|harness\/(?:boot|suites))\/.*\.c$/
  const sources = await readTexts(root, (file) => own.test(file))
  const files = sources.filter(({ lines }) => !lines.some((line) => line.startsWith('MODULE_LICENSE('))).map(({ file }) => file)
  const found = await Promise.all(
    files.map((file) => complainByTool('gcc', [...FLAGS, '-Ic-tests/include', '-c', '-o', '/dev/null', file], root)),
  )
  return found.flat()
}

/** The shell reads the launcher. dash is Debian's /bin/sh and takes nothing but POSIX. */
export async function checkShell(root: string): Promise<Complaint[]> {
  const launcher = await complainByTool('sh', ['-n', 'kwitness'], root)
  return [...launcher, ...(await complainByTool('bash', ['-n', '.ci/run'], root))]
}

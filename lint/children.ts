/** Check: children are started in one place, and those that git, tar and shells are in the environment made for them. */
import { diagnoseLines, readTexts, type Diagnostic } from './check.ts'

/** The file that starts children. */
const CHILDREN = 'harness/support/process.ts'

/** The file that makes the environment. */
const GIT = 'harness/support/git.ts'

/** The product and its checks; tests and benchmarks may call git as a user does. */
const CODE = /^(?:harness|src|lint)\/.*\.ts$/

/** A call that starts git, tar or a shell, directly or behind a lock; its words may begin on the same line only. */
const CALL = /\b(?:runCommand|startProcess|runLocked|execa)\(\s*\[?\s*['"`](git|tar|bash)['"`]/
/** The same with a program that runs its last words. */
const BEHIND = /\b(?:runCommand|startProcess|runLocked)\(.*['"`](git|tar|bash)['"`]\s*,/

/** Look for calls that go another way. */
export async function checkChildren(root: string): Promise<Diagnostic[]> {
  const texts = await readTexts(root, (file) => CODE.test(file) && file !== GIT && file !== 'lint/children.ts')
  return texts.flatMap((text) =>
    diagnoseLines(text, (line) => {
      if (text.file !== CHILDREN && /from 'node:child_process'/.test(line)) return `starts children itself: use ${CHILDREN}`
      const [, program] = CALL.exec(line) ?? BEHIND.exec(line) ?? []
      return program === undefined ? null : `starts ${program} itself: use runGit, runGitOnObjects or runScript of ${GIT}`
    }),
  )
}

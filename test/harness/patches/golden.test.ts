/** Mails and patches with what is read in them, how it applies to one source, and whether git am makes the same of it. */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after } from 'node:test'
import { stripFor } from '#harness/patches/apply.ts'
import { readPatches } from '#harness/patches/read.ts'
import { runCommand } from '#harness/support/process.ts'
import { touchedFiles } from '#analysis/patch/diff.ts'
import { UserError } from '#domain/errors.ts'
import { applySeries } from '#run/verify/apply-patch.ts'
import { testGoldenLogs } from '#test/console/golden.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { commitMailTree, writeMailTree } from '#test/helpers/kernels/mail-tree.ts'

const folder = await temporaryFolder({ after: (work) => after(work as () => Promise<void>) })
const tree = join(folder, 'tree')
const repository = join(folder, 'repository')
await writeMailTree(tree)
await writeMailTree(repository)
await commitMailTree(repository)
let count = 0

testGoldenLogs('mails', '', async (raw) => {
  const scratch = join(folder, String(count++))
  await mkdir(scratch)
  try {
    const { patches, notes } = await readPatches(Buffer.from(raw), 'it', scratch)
    const named = patches.map((patch, index) => ({ ...patch, name: String(index) }))
    const { tries, exactPatch } = await applySeries(tree, named, join(scratch, 'states'))
    const applies = tries.every(({ result }) => result === 'cleanly')
    const whole = applies ? await exactPatch(patches.length) : ''
    return [
      ...notes.map((note) => `NOTE: ${note}`),
      ...patches.map(({ subject, commits, text }) => {
        const of = commits.map((hash) => ` ${hash.slice(0, 12)}`).join('')
        return `PATCH: ${JSON.stringify(subject)}${of}: ${touchedFiles(text, stripFor(text, tree)).join(', ')}`
      }),
      ...tries.map(
        ({ result, hunks }) => `APPLIES: ${result}${hunks.map(({ why }) => (why === null ? '' : `: ${why}`)).join('')}`,
      ),
      ...changedLines(whole),
      `GIT-AM: ${applies ? await compareWithGitAm(raw, whole, scratch) : 'not asked'}`,
    ]
  } catch (error) {
    if (error instanceof UserError) return [`ERROR: ${error.message}`, `HINT: ${error.hint}`]
    throw error
  }
})

/** What a patch adds, removes and makes of modes; bytes that are not ASCII as numbers. */
function changedLines(patch: string): string[] {
  const lines = patch.split('\n').filter((line) => /^(?:[+-](?!-- [ab/]|\+\+ [ab/])|new |old |deleted |\\)/.test(line))
  return lines.map(
    (line) => `CHANGE: ${JSON.stringify(line).replaceAll(/[^\x20-\x7e]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)}`,
  )
}

/** Whether git am, given the same mail, makes the same tree. */
async function compareWithGitAm(raw: Uint8Array, whole: string, scratch: string): Promise<string> {
  const [theirs, mail] = [join(scratch, 'theirs'), join(scratch, 'mail')]
  await cp(repository, theirs, { recursive: true, preserveTimestamps: true })
  await writeFile(mail, raw)
  const as = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'core.autocrlf=false']
  const am = await runCommand('git', ['-C', theirs, ...as, 'am', '--keep-cr', '--quiet', '--', mail], { anyExit: true })
  if (am.exitCode !== 0) return 'refuses it'
  const env = { GIT_INDEX_FILE: join(scratch, 'index') }
  const ours = (...args: string[]) =>
    runCommand('git', ['-C', repository, ...args], { env, input: Buffer.from(whole, 'latin1') }).then(({ stdout }) => stdout)
  await ours('read-tree', 'HEAD')
  await ours('apply', '--cached')
  const made = await runCommand('git', ['-C', theirs, 'rev-parse', 'HEAD^{tree}'])
  return made.stdout === (await ours('write-tree')) ? 'the same' : 'another tree'
}

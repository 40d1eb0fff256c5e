/** Mails and patches with what is read in them, how it applies to one source, and whether git am makes the same of it. */
import { mkdir, writeFile } from 'node:fs/promises'
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

/** What git am makes of the mail $2, against the patch $3; the repository $1 is left as it was. $4 is for an index. */
const COMPARE = `
cd "$1"
git() { command git -c user.name=A -c user.email=a@example.org -c core.autocrlf=false -c maintenance.auto=false "$@"; }
start=$(git rev-parse HEAD)
if ! git am --keep-cr --quiet -- "$2" >/dev/null 2>&1; then
  git am --abort >/dev/null 2>&1 || :
  git reset --quiet --hard "$start"
  git clean --quiet -dx --force
  echo 'refuses it'
  exit
fi
theirs=$(git rev-parse 'HEAD^{tree}')
git reset --quiet --hard "$start"
export GIT_INDEX_FILE="$4"
git read-tree HEAD
git apply --cached "$3"
ours=$(git write-tree)
if [ "$ours" = "$theirs" ]; then echo 'the same'; else echo 'another tree'; fi
`

/** Whether git am, given the same mail, makes the same tree. */
async function compareWithGitAm(raw: Uint8Array, whole: string, scratch: string): Promise<string> {
  const [mail, patch] = [join(scratch, 'mail'), join(scratch, 'whole.patch')]
  await writeFile(mail, raw)
  await writeFile(patch, whole, 'latin1')
  return (await runCommand('sh', ['-ec', COMPARE, 'sh', repository, mail, patch, join(scratch, 'index')])).stdout
}

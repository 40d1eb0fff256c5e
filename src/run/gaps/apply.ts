/** Asks a git tree whether upstream commits apply to the releases that lack them, unchanged. Nothing of the tree is written. */
import { rm } from 'node:fs/promises'
import { findCommit, runScript } from '#harness/support/git.ts'
import { makeTemporaryFolder } from '#harness/support/scratch.ts'
import type { Gap, GapPatch, GapReport } from '#domain/report/gaps.ts'
import { formatPatches } from '../verify/git-history.ts'

/** An index of the release in a file of its own, and the patch held against it. */
const TRY = `export GIT_INDEX_FILE="$1/index"
git read-tree "$2^{tree}"
git apply --cached --check -`

/** The same report with the answer of the git tree for each gap. Throws UserError for a tree that git does not trust. */
export async function tryPatches(report: GapReport, tree: string, signal?: AbortSignal): Promise<GapReport> {
  const folder = await makeTemporaryFolder()
  try {
    const gaps: Gap[] = []
    for (const gap of report.gaps) gaps.push({ ...gap, patch: await tryOne(gap, tree, folder, signal) })
    return { ...report, gaps }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function tryOne(
  { commits, version }: Gap,
  tree: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<GapPatch> {
  const [commit, ...more] = commits
  if (commit === undefined) return { unavailable: 'the case names no commit' }
  if (more.length > 0) return { unavailable: `the case names ${commits.length} commits: kwitness verify tries a series` }
  const patch = await formatPatches(tree, commit)
  if (patch === null) return { unavailable: `the git tree does not have ${commit.slice(0, 12)}` }
  const tag = `v${version.replace('~', '-')}`
  const release = await findCommit(tree, tag)
  if (release === null) return { unavailable: `the git tree has no tag ${tag}` }
  const input = Buffer.from(patch, 'latin1')
  // Not in the current folder, whose attributes git would take for the tree's.
  const options = { anyExit: true, cwd: folder, objectsOf: tree, input, signal }
  const { exitCode, stderr } = await runScript(TRY, [folder, release], options)
  if (exitCode === 0) return { applies: true, summary: `${commit.slice(0, 12)} applies to ${tag} unchanged` }
  const [, failure] = /^fatal: (.*)/m.exec(stderr) ?? []
  if (failure !== undefined) return { unavailable: `git cannot try it: ${failure}` }
  const files = [...new Set([...stderr.matchAll(/^error: (?:patch failed: )?([^:\n]+)/gm)].map(([, file = '']) => file))]
  return { applies: false, summary: `${commit.slice(0, 12)} does not apply to ${tag}: ${files.slice(0, 3).join(', ')}` }
}

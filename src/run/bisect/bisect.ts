/** Bisect: test both ends, measure the rate of a race at the end that shows it, then test the commits that git chooses. */
import { join } from 'node:path'
import { markOf, reportBisection, stepsFor } from '#analysis/bisect/report.ts'
import type { Bisection, BisectEnd, BisectStep, BisectRequest, NamedCommit, BisectTarget } from '#domain/report/bisect.ts'
import { InvariantError, UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { repeatSeconds, bisectTargetOf } from '#verdict/cell/bisect.ts'
import { binaryOf, buildKernel, kernelOfCommit } from './test-commit.ts'
import {
  stepFieldsOf,
  testKernels,
  openBisectSession,
  type TestedKernel,
  type BisectInputs,
  type BisectSession,
} from './session.ts'
import { describeCommit, GitBisect } from './git.ts'
import { compareEnds } from './race-ends.ts'

/**
 * Run a bisection to its end, from its saved state. Throws UserError when the case does not distinguish its ends, InfraError
 * when this host comes to no answer: then nothing is concluded, and the bisection can be resumed.
 */
export async function bisect(inputs: BisectInputs): Promise<Bisection> {
  const session = openBisectSession(inputs)
  const { stateFile, kernels } = session
  const target = await checkEnds(session)
  const { request } = stateFile.state()
  const git = await GitBisect.start(join(stateFile.folder, 'git'), rangeOf(request), kernels.signal)
  const candidates = (await git.candidates()).length
  for (const { commit, role, answer } of stateFile.state().steps) {
    if (role === 'between') await git.mark(markOf(answer, target), commit)
  }
  const end = await bisectCommits(session, git, target)
  const hashes = end.kind === 'found' ? [end.commit] : end.commits
  const commits = await Promise.all(hashes.map((hash) => describeCommit(request.tree, hash)))
  await stateFile.save({ finished: true, owner: null })
  return reportBisection({ ...stateFile.state(), target, end, commits, candidates, log: await git.log() })
}

function rangeOf({ tree, old, new: newer, paths, firstParent, terms, knownMarks }: BisectRequest) {
  return { tree, old: old.commit, new: newer.commit, paths, firstParent, terms, knownMarks }
}

/** Test the commits that git chooses, until it finds the target. */
async function bisectCommits(session: BisectSession, git: GitBisect, target: BisectTarget): Promise<BisectEnd> {
  for (;;) {
    const at = await git.state()
    if (at.kind !== 'next') return at
    const most = stepsFor(at.left)
    session.onEvent({ kind: 'note', text: `${at.left} commits left, about ${most} step${most === 1 ? '' : 's'}` })
    const { answer } = await judgeCommit(session, at.commit, 'between')
    await git.mark(markOf(answer, target), at.commit)
  }
}

/** Test both ends, and derive from them whether the target is a bug or a fix. */
async function checkEnds(session: BisectSession): Promise<BisectTarget> {
  const { stateFile } = session
  const { request, target: known } = stateFile.state()
  if (known !== null) return known
  if (request.old.commit === request.new.commit) throw new UserError('both ends are the same commit', 'name two')
  await judgeCommit(session, request.old.commit, 'old-end')
  await judgeCommit(session, request.new.commit, 'new-end')
  if (request.case.oracle === 'statistical') await compareEnds(session)
  const end = (role: BisectStep['role']): BisectStep => {
    const step = stateFile.state().steps.find((one) => one.role === role)
    if (!step) throw new InvariantError(`the ${role} was judged and is not in the state`)
    return step
  }
  const [older, newer] = [end('old-end'), end('new-end')]
  const target = bisectTargetOf(older.answer, newer.answer)
  if (target === null) {
    const describe = ({ name }: NamedCommit, { answer, summary }: BisectStep) => `${name}: ${answer}. ${summary}`
    const what = [
      `${request.case.id} does not distinguish the ends`,
      describe(request.old, older),
      describe(request.new, newer),
    ].join('\n  ')
    throw new UserError(what, 'one end must show the bug, and the other must show that it is not there')
  }
  await stateFile.save({ target })
  return target
}

/** Judge a commit, and save the step before anything depends on it. */
async function judgeCommit(session: BisectSession, commit: string, role: BisectStep['role']): Promise<BisectStep> {
  const { stateFile, onEvent } = session
  const { steps, request } = stateFile.state()
  const known = steps.find((step) => step.commit === commit && step.role === role)
  if (known) return known
  const step = await makeStep(session, commit, role)
  const seconds = (step.buildSeconds + step.testSeconds).toFixed(1)
  const name = [request.old, request.new].find((end) => role !== 'between' && end.commit === commit)?.name ?? commit.slice(0, 12)
  onEvent({ kind: 'note', text: `${name} ${step.answer} (${seconds} s): ${step.summary}` })
  await stateFile.save({ steps: [...stateFile.state().steps, step] })
  return step
}

const NO_ANSWER = {
  errorProbability: 0,
  reasons: [],
  verdict: null,
  trials: null,
  attempts: [],
  kernel: null,
  run: null,
  binary: null,
  sameAs: null,
} as const

async function makeStep(session: BisectSession, commit: string, role: BisectStep['role']): Promise<BisectStep> {
  const { stateFile, kernels: context } = session
  const { request, steps } = stateFile.state()
  const { subject } = await describeCommit(request.tree, commit)
  const startedAt = new Date().toISOString()
  const started = performance.now()
  const kernel = await kernelOfCommit(request.tree, commit, request.configs, context)
  const image = await buildKernel(kernel, context)
  const built = performance.now()
  const own = { commit, subject, role, startedAt, buildSeconds: (built - started) / 1000 }
  const tested = (): { testSeconds: number } => ({ testSeconds: (performance.now() - built) / 1000 })
  if ('failure' in image) {
    return { ...NO_ANSWER, ...own, answer: 'does-not-build', summary: image.failure, ...tested() }
  }
  const binary = await binaryOf(image, request.case, context)
  const twin = steps.find((step) => step.binary === binary && step.sameAs === null && step.answer !== 'inconclusive')
  if (twin) {
    const summary = `The same kernel as ${twin.commit.slice(0, 12)}, byte for byte. ${twin.summary}`
    return { ...twin, ...own, summary, attempts: [], sameAs: twin.commit, ...tested() }
  }
  const answer = await testKernel(session, kernel, `${role} ${commit}`)
  return { ...NO_ANSWER, ...own, ...stepFieldsOf(answer), binary, ...tested() }
}

/** Test a kernel, again and for longer while a race is inconclusive that more trials could decide. */
async function testKernel(session: BisectSession, kernel: Kernel, key: string): Promise<TestedKernel> {
  const { raceSeconds } = session.stateFile.state().request
  for (let [count, seconds] = [1, raceSeconds]; ; count += 1) {
    const tested = await testKernels(session, `${key} ${count}`, [kernel], { raceSeconds: seconds })
    const again = tested.cell.race?.reference ? repeatSeconds(tested.answer.answer, count, raceSeconds) : null
    if (again === null) return tested
    seconds = again
  }
}

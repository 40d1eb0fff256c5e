/** Bisect: both ends, the rate of a race at the one that shows it, then commit after commit as git asks for them. */
import { join } from 'node:path'
import { markOf, reportBisection, stepsFor } from '#analysis/bisect/report.ts'
import type { Bisection, BisectEnd, BisectStep, BisectRequest, NamedCommit, BisectTarget } from '#domain/report/bisect.ts'
import { InvariantError, UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { repeatSeconds, bisectTargetOf } from '#verdict/cell/bisect.ts'
import { binaryOf, buildKernel, kernelOfCommit } from './test-commit.ts'
import { askedStep, askKernels, bisectSessionOf, type Asked, type Bisector, type BisectSession } from './session.ts'
import { describeCommit, GitBisect } from './git.ts'
import { weighEnds } from './race-ends.ts'

/**
 * Carry a bisection to its end, from wherever it stands. Throws UserError when its ends cannot be told apart, InfraError when
 * this host comes to no answer: then nothing was concluded, and it can be gone on with.
 */
export async function bisect(bisector: Bisector): Promise<Bisection> {
  const course = bisectSessionOf(bisector)
  const { keeper, kernels } = course
  const target = await checkEnds(course)
  const { request } = keeper.state()
  const git = await GitBisect.start(join(keeper.folder, 'git'), rangeOf(request), kernels.signal)
  const candidates = (await git.candidates()).length
  for (const { commit, role, answer } of keeper.state().steps) {
    if (role === 'between') await git.mark(markOf(answer, target), commit)
  }
  const end = await goOn(course, git, target)
  const hashes = end.kind === 'found' ? [end.commit] : end.commits
  const commits = await Promise.all(hashes.map((hash) => describeCommit(request.tree, hash)))
  await keeper.save({ finished: true, owner: null })
  return reportBisection({ ...keeper.state(), target, end, commits, candidates, log: await git.log() })
}

function rangeOf({ tree, old, new: newer, paths, firstParent, terms, knownMarks }: BisectRequest) {
  return { tree, old: old.commit, new: newer.commit, paths, firstParent, terms, knownMarks }
}

async function goOn(course: BisectSession, git: GitBisect, target: BisectTarget): Promise<BisectEnd> {
  for (;;) {
    const at = await git.state()
    if (at.kind !== 'next') return at
    const most = stepsFor(at.left)
    course.onEvent({ kind: 'note', text: `${at.left} commits left, about ${most} step${most === 1 ? '' : 's'}` })
    const { answer } = await judgeCommit(course, at.commit, 'between')
    await git.mark(markOf(answer, target), at.commit)
  }
}

/** Ask both ends, and find out what is sought. */
async function checkEnds(course: BisectSession): Promise<BisectTarget> {
  const { keeper } = course
  const { request, target: known } = keeper.state()
  if (known !== null) return known
  if (request.old.commit === request.new.commit) throw new UserError('both ends are the same commit', 'name two')
  await judgeCommit(course, request.old.commit, 'old-end')
  await judgeCommit(course, request.new.commit, 'new-end')
  if (request.case.oracle === 'statistical') await weighEnds(course)
  const end = (role: BisectStep['role']): BisectStep => {
    const step = keeper.state().steps.find((one) => one.role === role)
    if (!step) throw new InvariantError(`the ${role} was judged and is not kept`)
    return step
  }
  const [older, newer] = [end('old-end'), end('new-end')]
  const target = bisectTargetOf(older.answer, newer.answer)
  if (target === null) {
    const say = ({ name }: NamedCommit, { answer, summary }: BisectStep) => `${name}: ${answer}. ${summary}`
    const what = [`${request.case.id} does not tell the ends apart`, say(request.old, older), say(request.new, newer)].join(
      '\n  ',
    )
    throw new UserError(what, 'one end must show the bug, and the other must be seen not to')
  }
  await keeper.save({ target })
  return target
}

/** Judge a commit, and keep what came of it before anybody leans on it. */
async function judgeCommit(course: BisectSession, commit: string, role: BisectStep['role']): Promise<BisectStep> {
  const { keeper, onEvent } = course
  const { steps, request } = keeper.state()
  const known = steps.find((step) => step.commit === commit && step.role === role)
  if (known) return known
  const step = await makeStep(course, commit, role)
  const seconds = (step.buildSeconds + step.testSeconds).toFixed(1)
  const name = [request.old, request.new].find((end) => role !== 'between' && end.commit === commit)?.name ?? commit.slice(0, 12)
  onEvent({ kind: 'note', text: `${name} ${step.answer} (${seconds} s): ${step.summary}` })
  await keeper.save({ steps: [...keeper.state().steps, step] })
  return step
}

const NOTHING = {
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

async function makeStep(course: BisectSession, commit: string, role: BisectStep['role']): Promise<BisectStep> {
  const { keeper, kernels: context } = course
  const { request, steps } = keeper.state()
  const { subject } = await describeCommit(request.tree, commit)
  const startedAt = new Date().toISOString()
  const started = performance.now()
  const kernel = await kernelOfCommit(request.tree, commit, request.configs, context)
  const image = await buildKernel(kernel, context)
  const built = performance.now()
  const own = { commit, subject, role, startedAt, buildSeconds: (built - started) / 1000 }
  const asked = (): { testSeconds: number } => ({ testSeconds: (performance.now() - built) / 1000 })
  if ('failure' in image) {
    return { ...NOTHING, ...own, answer: 'does-not-build', summary: image.failure, ...asked() }
  }
  const binary = await binaryOf(image, request.case, context)
  const twin = steps.find((step) => step.binary === binary && step.sameAs === null && step.answer !== 'inconclusive')
  if (twin) {
    const summary = `The same kernel as ${twin.commit.slice(0, 12)}, byte for byte. ${twin.summary}`
    return { ...twin, ...own, summary, attempts: [], sameAs: twin.commit, ...asked() }
  }
  const answer = await askKernel(course, kernel, `${role} ${commit}`)
  return { ...NOTHING, ...own, ...askedStep(answer), binary, ...asked() }
}

/** Ask a kernel, for longer while a race is undecided that a rate could decide. */
async function askKernel(course: BisectSession, kernel: Kernel, key: string): Promise<Asked> {
  const { raceSeconds } = course.keeper.state().request
  for (let [count, seconds] = [1, raceSeconds]; ; count += 1) {
    const asked = await askKernels(course, `${key} ${count}`, [kernel], { raceSeconds: seconds })
    const again = asked.cell.race?.reference ? repeatSeconds(asked.answer.answer, count, raceSeconds) : null
    if (again === null) return asked
    seconds = again
  }
}

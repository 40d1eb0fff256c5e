/**
 * `npm test`: the checks of lint beside the unit lane, then test/e2e, three files at a time: what boots guests, opens a browser,
 * lets apt read an archive, or builds kernel trees. `--lane unit` takes the unit lane alone, `--lane e2e` the others.
 * `--only WORD...` takes the tests with one of these words in their path. Those of test/hosts run only when
 * they are asked for so: `npm run test:hosts` does.
 * The last line is `N passed, N failed`, with `, N skipped` when there are any, whatever happens: a file that takes longer
 * than any should is ended and fails, and so does a run that is stopped or breaks.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { parseArgs } from 'node:util'
import { REPOSITORY } from '#harness/support/repository.ts'
import { asFiles, formBatches } from './runner/batches.ts'
import { longestFirst, readDurations, writeDurations } from './runner/durations.ts'
import { endTestFile } from './runner/overdue.ts'
import { readProgress, type Count, type RunningFile } from './runner/progress.ts'

/** sqlite is all that still warns. */
const execArgv = ['--disable-warning=ExperimentalWarning']
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lane: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
    /** Minutes that a file may take; one that boots guests twice as many. */
    minutes: { type: 'string', default: '20' },
    /** Minutes that all of it may take: who waits for it has patience too, and wants the last line. */
    total: { type: 'string', default: '85' },
  },
})
if (values.lane !== undefined && values.lane !== 'unit' && values.lane !== 'e2e') {
  console.log(`--lane takes unit or e2e, not ${values.lane}`)
  process.exit(2)
}

/** Files that measure races, or hold the whole host against what it was before: what else ran would be in their answers. */
const ALONE = ['test/e2e/check/program.test.ts', 'test/e2e/controls.test.ts']
/** Files that compare how fast guests speak, most of the time by waiting: they run beside each other, and beside nothing else. */
const isCalm = (file: string): boolean => relative(REPOSITORY, file).startsWith('test/e2e/accelerator/')

/** Runs the files that it is given in one process. */
const TOGETHER = join(REPOSITORY, 'test/runner/together.ts')

const words = [...values.only, ...positionals]
const isWanted = (path: string) =>
  (words.length === 0 && !path.startsWith('hosts/')) ||
  words.some((word) => path.includes(word) && (!path.startsWith('hosts/') || word.startsWith('hosts/')))
const files = globSync(join(REPOSITORY, 'test/**/*.test.ts')).filter((file) => isWanted(relative(join(REPOSITORY, 'test'), file)))
const endToEnd = files.filter((file) => /^test\/(?:e2e|hosts)\//.test(relative(REPOSITORY, file)))
const others = files.filter((file) => !endToEnd.includes(file))
const count: Count = { passed: 0, failed: 0, skipped: 0 }
const running = new Map<string, RunningFile>()
const ended = new Map<string, string>()
const durations = new Map<string, number>()
const started = performance.now()
let lastWord = started

function print(line: string): void {
  lastWord = performance.now()
  console.log(line)
}

/** Print the last line, and end whatever is still open: a file's children may hold what its process let go. */
function conclude(): never {
  writeDurations(Object.fromEntries(durations))
  const nothing = count.passed + count.failed === 0
  const where = values.lane === undefined ? '' : ` of the lane ${values.lane}`
  if (nothing) console.log(`nothing ran: no test${where} has ${words.join(' or ')} in its path`)
  console.log(`${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}`)
  process.exit(count.failed > 0 || nothing ? 1 : 0)
}

const atWork = (): string => {
  const names = [...running].map(([name, { since, said }]) => `${name} (${seconds(since)} s)${said && `: ${said}`}`)
  return names.join(', ') || 'a check'
}
const seconds = (since: number): number => Math.round((performance.now() - since) / 1000)

/** Somebody who waits is told for what, and does not wait for ever. */
setInterval(() => {
  if (performance.now() - lastWord > 20_000) print(`      waiting for ${atWork()}`)
  for (const [name, { path, since, tests }] of running) {
    const minutes = Number(values.minutes) * (endToEnd.includes(path) ? 2 : 1)
    const isOver = seconds(started) > Number(values.total) * 60
    if (ended.has(name) || (!isOver && seconds(since) <= minutes * 60)) continue
    const limit = isOver ? `all tests together took ${values.total} minutes` : `it was not over after ${minutes} minutes`
    ended.set(name, `${limit}, so it was killed, at work at: ${[...tests].join(', ') || 'no test'}`)
    endTestFile(path)
  }
}, 1000)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.prependListener(signal, () => {
    print(`FAIL  stopped by ${signal}, at work at ${atWork()}`)
    for (const { path } of running.values()) endTestFile(path)
    count.failed += 1
    conclude()
  })
}

async function checkSources(): Promise<void> {
  const { formatResult, runChecks } = await import('#lint/checks.ts')
  for await (const result of runChecks(REPOSITORY)) {
    count[result.diagnostics.length === 0 ? 'passed' : 'failed'] += 1
    print(formatResult(result))
  }
}

/** Run files of the unit lane: those that can share a process in as many batches as there are processors, the others beside. */
async function runUnit(wanted: readonly string[]): Promise<void> {
  const known = readDurations()
  const { single, batches } = formBatches(wanted, availableParallelism(), (file) => known[relative(REPOSITORY, file)])
  // More than there are processors: some wait for an answer or for a time to pass.
  await Promise.all([runFiles(single, 2 * availableParallelism() + 1, false), ...batches.map(runTogether)])
}

async function runTogether(batch: readonly string[]): Promise<void> {
  const events = asFiles(run({ files: [TOGETHER], argv: [...batch], concurrency: 1, execArgv }), batch)
  for await (const line of readProgress(events, { root: REPOSITORY, count, running, ended, durations, eachTest: false }))
    print(line)
}

/** Run these files, so many at a time. */
async function runFiles(wanted: readonly string[], concurrency: number, eachTest: boolean): Promise<void> {
  if (wanted.length === 0) return
  const names = wanted.map((file) => relative(REPOSITORY, file))
  const ordered = longestFirst(names, readDurations()).map((name) => join(REPOSITORY, name))
  const events = run({ files: ordered, concurrency, execArgv })
  for await (const line of readProgress(events, { root: REPOSITORY, count, running, ended, durations, eachTest })) print(line)
}

try {
  if (values.lane !== 'e2e') {
    const isLinted = values.lane === undefined && isWanted('lint')
    await Promise.all([isLinted ? checkSources() : null, runUnit(others)])
  }
  if (values.lane !== 'unit') {
    const isAlone = (file: string) => ALONE.includes(relative(REPOSITORY, file))
    // Each boots as many guests at a time as there are processors, but waits often enough to leave room for two other files.
    await runFiles(
      endToEnd.filter((file) => !isAlone(file) && !isCalm(file)),
      3,
      true,
    )
    await runFiles(endToEnd.filter(isCalm), 5, true)
    await runFiles(endToEnd.filter(isAlone), 1, true)
  }
} catch (error) {
  count.failed += 1
  print(`FAIL  the runner itself: ${error instanceof Error ? error.stack : String(error)}`)
}
conclude()

/**
 * `npm test`: the checks of lint, then every test, those that boot guests last and one by one.
 * `npm test -- --only WORD` takes the tests with that word in their path; it may be given more than once.
 * The last line is `N passed, N failed`, with `, N skipped` when there are any.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { parseArgs } from 'node:util'
import { formatResult, runChecks } from '../lint/checks.ts'
import { readProgress, type Count } from './progress.ts'

const ROOT = join(import.meta.dirname, '..')
/** sqlite is all that still warns. */
const execArgv = ['--disable-warning=ExperimentalWarning']
const MINUTES = 60_000
const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } })

const isWanted = (path: string) => values.only.length === 0 || values.only.some((word) => path.includes(word))
const files = globSync(join(ROOT, 'test/**/*.test.ts')).filter((file) => isWanted(relative(join(ROOT, 'test'), file))).toSorted()
const endToEnd = files.filter((file) => file.startsWith(join(ROOT, 'test/e2e/')))
const others = files.filter((file) => !endToEnd.includes(file))
const count: Count = { passed: 0, failed: 0, skipped: 0 }
const running = new Map<string, number>()
let lastWord = performance.now()

function print(line: string): void {
  lastWord = performance.now()
  console.log(line)
}

/** Somebody who waits is told for what. */
const heartbeat = setInterval(() => {
  const now = performance.now()
  if (now - lastWord < 20_000) return
  const names = [...running].map(([file, since]) => `${file} (${Math.round((now - since) / 1000)} s)`)
  print(`      waiting for ${names.join(', ') || 'a check'}`)
}, 5000)

if (isWanted('lint')) {
  for await (const result of runChecks(ROOT)) {
    count[result.complaints.length === 0 ? 'passed' : 'failed'] += 1
    print(formatResult(result))
  }
}
if (others.length > 0) {
  const events = run({ files: others, concurrency: availableParallelism(), execArgv, timeout: 10 * MINUTES })
  for await (const line of readProgress(events, { root: ROOT, count, running, eachTest: false })) print(line)
}
if (endToEnd.length > 0) {
  const events = run({ files: endToEnd, concurrency: 1, execArgv, timeout: 20 * MINUTES })
  for await (const line of readProgress(events, { root: ROOT, count, running, eachTest: true })) print(line)
}
clearInterval(heartbeat)

const nothing = count.passed + count.failed === 0
if (nothing) console.log(`nothing ran: no test has ${values.only.join(' or ')} in its path`)
console.log(`${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}`)
process.exitCode = count.failed > 0 || nothing ? 1 : 0

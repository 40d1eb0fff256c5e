/**
 * How fast logs are read, and with what memory, beside the floor of only splitting the same bytes into lines and beside `grep -c`
 * of the same bytes, all in one run. Seconds are those of processor time, so that a busy machine does not speak for us.
 * Budget of ordinary text: console 40 MB/s, KTAP 20 MB/s and 8 bytes of memory for each byte. Of any text: a quarter of
 * those speeds, 10 and 5 MB/s. `kwitness read` of 1 GB: 200 MB.
 * The slowest text found is read in turn with ordinary text, and with text that is ordinary but for its lines, the shortest
 * there are: what a line costs whatever it holds shows there. Time per line is stated beside.
 * `node --expose-gc bench/reader.ts [--old FOLDER] [--seed N] [--seconds N]`: FOLDER is another build of kwitness to measure
 * in the same run; the search for the slowest text takes so many seconds for each reader.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { inRepository } from '#harness/support/repository.ts'
import { readAnyTests, readTests } from '#console/ktap/reader.ts'
import { searchSlowest } from '#test/console/hostile/search.ts'
import { nameOf, render } from '#test/console/hostile/shapes.ts'
import { createLogReader } from '#console/log/reader.ts'
import { createConsoleReader, readConsole } from '#console/splat/reader.ts'
import { bootLog, looseOutput, plainLog, reportsOnly, shortLines, shortResults, testOutput } from './support/log-texts.ts'

const MEGABYTE = 1e6
const ROUNDS = 5
/** Size of each hostile text of the search: there are thousands. */
const SEARCHED_BYTES = 8000
/** Size of those that the search found, measured again. */
const FOUND_BYTES = MEGABYTE
const MAX_FOUND = 6

type Read = (bytes: Uint8Array) => unknown

const { values } = parseArgs({
  options: {
    old: { type: 'string' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
  },
})
const scratch = mkdtempSync(join(tmpdir(), 'kwitness-reader-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** The readers of another build, or null. */
async function readersOf(folder: string | undefined) {
  if (folder === undefined) return null
  const inOld = (path: string) => import(resolve(folder, 'src/console', path, 'reader.ts'))
  const [splat, ktap, log] = await Promise.all(['splat', 'ktap', 'log'].map(inOld))
  return {
    console: splat.readConsole as Read,
    ktap: ktap.readTests as Read,
    loose: ktap.readAnyTests as Read,
    log: logReading(log.createLogReader as typeof createLogReader),
  }
}

/** What `kwitness read` does: all readers at once. */
function logReading(create: typeof createLogReader): Read {
  return (bytes) => {
    const reader = create()
    reader.push(bytes)
    return reader.finish()
  }
}

const READERS = {
  console: readConsole as Read,
  ktap: readTests as Read,
  loose: readAnyTests as Read,
  log: logReading(createLogReader),
}
const OLD = await readersOf(values.old)

/** Nothing but decoding and splitting into lines. */
function splitOnly(bytes: Uint8Array): number {
  return new TextDecoder().decode(bytes).split('\n').length
}

/** The best of some rounds, in MB for each second of processor time. */
function speed(bytes: Uint8Array, read: Read, rounds = ROUNDS): number {
  let best = 0
  for (let round = 0; round < rounds; round += 1) {
    const start = process.threadCpuUsage()
    read(bytes)
    const { user, system } = process.threadCpuUsage(start)
    best = Math.max(best, bytes.length / (user + system))
  }
  return best
}

/** `grep -c` of the same bytes for a word that is not there, in MB for each second of its processor time. */
function grepSpeed(bytes: Uint8Array): number {
  const file = join(scratch, 'log')
  writeFileSync(file, bytes)
  let best = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const text = spawnSync('bash', ['-c', 'TIMEFORMAT=%U+%S; time grep -c "Kernel panic" "$1"', 'grep', file]).stderr.toString()
    const seconds = text.trim().split('+').map(Number)
    best = Math.max(best, bytes.length / MEGABYTE / Math.max(0.001, seconds[0]! + seconds[1]!))
  }
  return best
}

/** Bytes of memory for each byte read, held by what was read. */
function memory(bytes: Uint8Array, read: Read): number {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const held = read(bytes)
  globalThis.gc?.()
  const after = process.memoryUsage().heapUsed
  return held === undefined ? 0 : (after - before) / bytes.length
}

const figure = (value: number, digits = 0) => value.toFixed(digits).padStart(5)

function report(what: string, kind: keyof typeof READERS, bytes: Uint8Array, rounds = ROUNDS): void {
  const read = READERS[kind]
  const old = OLD?.[kind]
  const own = speed(bytes, read, rounds)
  const parts = [
    `${figure(bytes.length / MEGABYTE)} MB`,
    `${figure(own)} MB/s`,
    ...(globalThis.gc ? [`${figure(memory(bytes, read), 1)} B/B`] : []),
    ...(old ? [`old ${figure(speed(bytes, old, Math.min(2, rounds)), 1)} MB/s`] : []),
    ...(old && globalThis.gc ? [`${figure(memory(bytes, old), 1)} B/B`] : []),
    `floor ${figure(speed(bytes, splitOnly))} MB/s`,
    `grep -c ${figure(grepSpeed(bytes))} MB/s`,
  ]
  console.log(`${what.padEnd(38)} ${parts.join('  ')}`)
}

report('console: boot log', 'console', bootLog(32))
report('console: no stamps', 'console', plainLog(32))
report('console: nothing but reports', 'console', reportsOnly(16))
report('KTAP: 10 diagnostics a result', 'ktap', testOutput(16, 10))
report('KTAP: 1 diagnostic a result', 'ktap', testOutput(16, 1))
report('KTAP: results only', 'ktap', testOutput(8, 0))
report('KTAP: results without a name', 'ktap', shortResults(1))
report('loose: marks and words', 'loose', looseOutput(16))
report('kwitness read: boot log', 'log', bootLog(32))
report('kwitness read: 1 diagnostic a result', 'log', testOutput(16, 1))

/** MB for each second of processor time, of as many rounds as take `ms`: the clock counts in steps of some milliseconds. */
function steadySpeed(bytes: Uint8Array, read: Read, ms: number): number {
  const start = process.threadCpuUsage()
  for (let rounds = 1; ; rounds += 1) {
    read(bytes)
    const { user, system } = process.threadCpuUsage(start)
    if (user + system >= ms * 1000) return (rounds * bytes.length) / (user + system)
  }
}

/** The same at a glance, by the clock on the wall: the better of two rounds. */
function glance(bytes: Uint8Array, read: Read): number {
  let best = 0
  for (let round = 0; round < 2; round += 1) {
    const start = performance.now()
    read(bytes)
    best = Math.max(best, bytes.length / 1000 / (performance.now() - start))
  }
  return best
}

/** Ordinary text of each reader, and such text in the shortest lines. */
const ORDINARY = {
  console: [bootLog(1), plainLog(1)],
  ktap: [testOutput(1, 1), testOutput(1, 0)],
  loose: [looseOutput(1)],
  log: [bootLog(1), testOutput(1, 1)],
}
const SHORT = { console: shortLines(1), ktap: shortResults(1), loose: shortResults(1), log: shortResults(1) }
const BUDGET = { console: 10, ktap: 5, loose: 5, log: 5 }

/** Search for what one reader reads slowest, and measure the slowest again in texts of a megabyte. */
function reportSlowest(kind: keyof typeof READERS): void {
  const read = READERS[kind]
  const old = OLD?.[kind]
  const begin = process.threadCpuUsage()
  const elapsed = () => {
    const { user, system } = process.threadCpuUsage(begin)
    return (user + system) / 1e6 / Number(values.seconds)
  }
  const { found, measured } = searchSlowest({
    glance: (bytes) => {
      // V8 compiles each build for the texts that it has read: both have to read the same.
      old?.(bytes)
      return glance(bytes, read)
    },
    measure: (bytes) => steadySpeed(bytes, read, 10),
    seed: Number(values.seed),
    elapsed,
    size: SEARCHED_BYTES,
  })
  const again = found.slice(0, MAX_FOUND).map(({ shape }) => {
    const bytes = render(shape, FOUND_BYTES)
    read(bytes)
    // The best of some rounds, as for ordinary text.
    return { shape, bytes, own: Math.max(...Array.from({ length: ROUNDS }, () => steadySpeed(bytes, read, 50))) }
  })
  const worst = again.toSorted((a, b) => a.own - b.own)[0]!
  const texts = [worst.bytes, SHORT[kind], ...ORDINARY[kind]]
  const [slowest, short, ...ordinary] = inTurn(texts, read)
  const usual = ordinary.toSorted((a, b) => a!.speed - b!.speed)[0]!
  const [was, , ...wasOrdinary] = old ? inTurn(texts, old).map((text) => text.speed) : []
  const of = (what: string, { speed: its, line }: { speed: number; line: number }) =>
    `${(slowest!.speed / its).toFixed(2)} of ${what} (${its.toFixed(0)} MB/s, ${line.toFixed(0)} ns a line)`
  const figures = [
    `${slowest!.speed.toFixed(1)} MB/s, ${slowest!.line.toFixed(0)} ns a line`,
    `budget ${BUDGET[kind]}`,
    of('ordinary text', usual),
    of('it in the shortest lines', short!),
    ...(was ? [`old ${was.toFixed(1)} MB/s, ${(was / Math.min(...wasOrdinary)).toFixed(2)} of its ordinary text`] : []),
  ]
  console.log(`${kind}: the slowest of ${measured} hostile texts: ${figures.join(', ')}: ${nameOf(worst.shape)}`)
}

/** Rounds in which texts are read in turn, so that what else runs on the machine slows them alike. */
const TURNS = 12

/** The best speed of each text in MB/s, and the time a line of it takes in ns, read in turn. */
function inTurn(texts: readonly Uint8Array[], read: Read): { readonly speed: number; readonly line: number }[] {
  const best = texts.map(() => 0)
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [index, bytes] of texts.entries()) best[index] = Math.max(best[index]!, steadySpeed(bytes, read, 30))
  }
  return texts.map((bytes, index) => {
    const lines = Buffer.from(bytes).reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0)
    return { speed: best[index]!, line: ((bytes.length / best[index]!) * 1000) / lines }
  })
}

for (const kind of Object.keys(READERS) as (keyof typeof READERS)[]) reportSlowest(kind)

/** A flood through the incremental reader: what is held must not grow with what has passed. */
function floodMemory(megabytes: number): number {
  const chunk = reportsOnly(1)
  const reader = createConsoleReader()
  for (let passed = 0; passed < megabytes; passed += chunk.length / MEGABYTE) reader.push(chunk)
  globalThis.gc?.()
  const { heapUsed } = process.memoryUsage()
  reader.finish()
  return heapUsed / MEGABYTE
}

const small = floodMemory(16)
const large = floodMemory(256)
console.log(`console, incremental: heap ${small.toFixed(0)} MB after 16 MB of reports, ${large.toFixed(0)} MB after 256 MB`)

/** Peak memory of `kwitness read -` in MB, given so many megabytes, and how it ended. */
async function commandMemory(megabytes: number): Promise<string> {
  const chunks = [bootLog(1), testOutput(1, 1), reportsOnly(1)]
  const child = spawn(inRepository('kwitness'), ['read', '--json', '-'], { stdio: ['pipe', 'ignore', 'inherit'] })
  const exited = once(child, 'exit')
  let peak = 0
  const look = () => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1000)
  }
  const timer = setInterval(look, 20)
  child.once('exit', () => clearInterval(timer))
  for (let passed = 0; passed < megabytes; passed += 1) {
    if (!child.stdin.write(chunks[passed % chunks.length])) await once(child.stdin, 'drain')
  }
  child.stdin.end()
  const [code] = await exited
  return `${peak.toFixed(0)} MB, exit ${code}`
}

console.log(
  `kwitness read, from standard input: at most ${await commandMemory(16)} of 16 MB, ${await commandMemory(1000)} of 1 GB`,
)

/** What race cases share on the C side: options, the choice of a trigger, an external module that is missing. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { buildProgram } from '#harness/image/program.ts'
import { readTrials } from '#verdict/attempt/trials.ts'
import { runProgram, type ProgramOutput } from './run-program.ts'

const cache = await mkdtemp(join(tmpdir(), 'kwitness-races-'))
after(() => rm(cache, { recursive: true, force: true }))
const includes = [inRepository('c-tests', 'include')]
const program = buildProgram(cache, [join(import.meta.dirname, 'triggers.c')], includes)
const NOT_HERE = 'neither no_such_module.ko nor no_such_module.missing is here'

async function run(...args: readonly string[]): Promise<ProgramOutput> {
  return runProgram((await program).path, args, cache)
}

function diagnostics({ stream }: ProgramOutput): readonly string[] {
  return stream.documents[0]?.points[0]?.diagnostics ?? []
}

function bailedOut({ exitCode, stream }: ProgramOutput): string {
  assert.equal(exitCode, 99)
  return stream.documents[0]?.bailOut ?? ''
}

test('the first trigger that works is used, and each one before it gives its reason', async () => {
  const output = await run()
  assert.equal(output.exitCode, 0)
  assert.deepEqual(diagnostics(output), [
    '1 s, 1000000 trials, spread 1',
    `trigger never: ${NOT_HERE}`,
    'closed',
    'trigger astray: leads elsewhere',
    'kwitness: trigger=open',
    'kwitness: trials=1000000 hits=0',
  ])
  const { trials, triggers, malformed } = readTrials(output.stream)
  assert.deepEqual({ trials, triggers, malformed }, { trials: { hits: 0, trials: 1000000 }, triggers: ['open'], malformed: [] })
})

test('if no trigger works the skip names each one with its reason', async () => {
  const output = await run('--trigger', 'astray')
  assert.equal(output.exitCode, 4)
  const [point] = output.stream.documents[0]?.points ?? []
  assert.equal(point?.status, 'skip')
  assert.equal(point?.reason, 'never: not requested; astray: leads elsewhere; open: not requested')
})

test('the reason why a module is missing comes from NAME.missing', async () => {
  const note = join(cache, 'no_such_module.missing')
  await writeFile(note, 'no headers of 4.4.0 are available\n')
  assert.ok(diagnostics(await run()).includes('trigger never: no headers of 4.4.0 are available'))
  await rm(note)
})

test('the kernel refuses a file that is not a module, and the reason says so', async () => {
  const fake = join(cache, 'no_such_module.ko')
  await writeFile(fake, 'no module')
  const refused = diagnostics(await run()).find((line) => line.startsWith('trigger never'))
  assert.match(refused ?? '', /^trigger never: no_such_module\.ko: .+ \(E[A-Z]+\)$/)
  await rm(fake)
})

test('--seconds, --trials and --spread set the options', async () => {
  const [first] = diagnostics(await run('--seconds', '2.5', '--trials', '40', '--spread', '0.5', '--trigger', 'open'))
  assert.equal(first, '2.5 s, 40 trials, spread 0.5')
})

test('an invalid option is refused, not ignored', async () => {
  assert.equal(bailedOut(await run('--seconds', '1x')), '--seconds takes a number above 0, not 1x')
  assert.equal(bailedOut(await run('--trials', '0')), '--trials takes a number above 0, not 0')
  assert.equal(bailedOut(await run('--spread', 'nan')), '--spread takes a number above 0, not nan')
  assert.equal(bailedOut(await run('--trigger', 'nowhere')), 'there is no trigger nowhere')
  assert.equal(bailedOut(await run('more')), 'more is not a valid option')
  assert.match(bailedOut(await run('none', '--trigger', 'open')), /^usage: .*\[--spread F\]$/)
})

/** Results found in stores: in the newest run that holds them, which is named, with what the case said and where its logs lie. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Kernel } from '#domain/kernel.ts'
import type { PlanOf } from '#plan/plan.ts'
import { attemptDetails, diagnosticsIn } from '#run/results/details.ts'
import { findResult } from '#run/results/find.ts'
import { openDatabase } from '#store/database.ts'
import { openStore } from '#store/index.ts'
import { newPlace, runCli } from '#test/helpers/cli.ts'
import { attemptIn, host, kernel, temporaryFolder } from '#test/helpers/evidence.ts'
import { theCase } from '#test/helpers/judging.ts'
import { planCommon } from '#test/plan/plans.ts'

const OWN: Kernel = {
  id: 'file-6.12.29-4cefe09d91f9',
  provider: 'file',
  version: '6.12.29',
  series: '6.12.y',
  build: '4cefe09d91f9',
  flavour: 'custom',
  arch: 'x86_64',
}
const BUILT: Kernel = { ...OWN, id: 'tree-6.12.29-base-0640acd1104b', provider: 'tree', build: '0640acd1104b', flavour: 'base' }
const [FORK, CLOSE] = ['uffd-fork-event', 'uffd-wp-close']
const output = Buffer.from(
  'KTAP version 1\n# Subtest: all\n1..1\n# 3 rounds\n  # met \u001B[31mtwice\nok 1 a # not this\n# kwitness: end of tests\n',
)

/** A run of these kernels and both cases, in which these cells were attempted. Returns its id. */
async function runIn(
  state: string,
  kernels: readonly Kernel[],
  made: readonly (readonly [Kernel, string, number?])[],
): Promise<string> {
  await mkdir(state, { recursive: true })
  const store = await openStore(state)
  const cases = [FORK, CLOSE].map((id) => ({ ...theCase, id }))
  const plan: PlanOf<'matrix'> = { ...planCommon, kind: 'matrix', kernels, cases }
  const { id } = await store.createRun({ startedAt: '2026-11-21T10:00:00.000Z', plan, host })
  for (const [one, name, attempt = 1] of made) {
    const logs = join(state, 'logs')
    await mkdir(logs, { recursive: true })
    await store.recordAttempt(id, await attemptIn(logs, { kernel: one.id, case: name, attempt, output }), logs)
  }
  store.close()
  return id
}

async function found(state: string, text: string, run?: string) {
  const { store, runName, cell, attempt } = await findResult(state, text, run)
  store.close()
  return [runName, cell.kernel.id, cell.case.id, attempt]
}

/** Three runs: the first holds all, the second one result, the third is planned alone. */
async function runs(t: TestContext) {
  const state = join(await temporaryFolder(t), 'state')
  const all = [kernel, OWN, BUILT].flatMap((one) => [[one, FORK] as const, [one, CLOSE] as const])
  const first = await runIn(state, [kernel, OWN, BUILT], [...all, [kernel, FORK, 2]])
  const second = await runIn(state, [kernel, OWN], [[OWN, FORK]])
  const third = await runIn(state, [kernel, OWN], [])
  return { state, first, second, third }
}

test('the newest run that holds a result counts: not one that only plans it, unless no other has it', async (t) => {
  const { state, first, second, third } = await runs(t)
  assert.deepEqual([first, second, third], ['2026-11-21-1', '2026-11-21-2', '2026-11-21-3'])
  assert.deepEqual(await found(state, `6.12.29/${FORK}`), ['run 2026-11-21-2', OWN.id, FORK, null])
  assert.deepEqual(await found(state, `${OWN.id}/${CLOSE}`), ['run 2026-11-21-1', OWN.id, CLOSE, null])
  assert.deepEqual(await found(state, `6.1.170/${CLOSE}`), ['run 2026-11-21-1', kernel.id, CLOSE, null])
  assert.deepEqual(await found(state, `6.1.170/${FORK}`, third), ['run 2026-11-21-3', kernel.id, FORK, null])
  const planned = await runIn(state, [{ ...OWN, id: 'file-7.1.1-aaaaaaaaaaaa', version: '7.1.1', build: 'aaaaaaaaaaaa' }], [])
  assert.deepEqual((await found(state, `7.1.1/${FORK}`))[0], `run ${planned}`)
})

test('a name counts more than an abbreviation of one in a newer run', async (t) => {
  const { state, first } = await runs(t)
  await runIn(state, [{ ...OWN, id: `${OWN.id}-x` }], [[{ ...OWN, id: `${OWN.id}-x` }, FORK]])
  assert.deepEqual((await found(state, `${OWN.id}/${CLOSE}`))[0], `run ${first}`)
})

test('an evidence id, its beginning, its path, a pasted address: all lead to the result', async (t) => {
  const { state, first, second } = await runs(t)
  const { store, cell, attempt, run } = await findResult(state, `${kernel.id}.${FORK}`, undefined)
  const [name] = [...(await attemptDetails(store, run.id, { kernel: cell.kernel.id, case: cell.case.id })).keys()]
  store.close()
  assert.ok(name !== undefined && attempt === null, 'two attempts begin so')
  assert.deepEqual(await found(state, name), [`run ${first}`, kernel.id, FORK, name])
  const own = `${OWN.id}.${FORK}`
  assert.deepEqual((await found(state, own)).slice(0, 3), [`run ${second}`, OWN.id, FORK])
  assert.deepEqual((await found(state, `${state}/evidence/${first}/${own}`))[0], `run ${first}`)
  assert.deepEqual((await found(state, `${first}/${own}`))[0], `run ${first}`)
  const address = `file:///r/index.html#cell=${encodeURIComponent(OWN.id)}/${FORK}`
  assert.deepEqual((await found(state, address)).slice(1, 3), [OWN.id, FORK])
  assert.deepEqual((await found(state, `  ${OWN.id} ${FORK}:`)).slice(1, 3), [OWN.id, FORK])
})

test('several results, none, and a run that is not there are refused with what there is', async (t) => {
  const { state, first } = await runs(t)
  const refusal = (text: string, run?: string) =>
    found(state, text, run).then(
      () => assert.fail(text),
      (error: Error & { hint: string }) => error,
    )
  const several = await refusal(`6.12.29/${FORK}`, first)
  assert.deepEqual([several.name, several.message], ['UserError', `6.12.29/${FORK} names more than one result of run ${first}`])
  assert.equal(several.hint, `name one of them:\n    ${OWN.id}/${FORK}\n    ${BUILT.id}/${FORK}`)
  assert.equal((await refusal(`6.1.170/uffd`)).message, `6.1.170/uffd names more than one result of run ${first}`)
  for (const text of [`6.1.17/${FORK}`, `6.1/${FORK}`, FORK, `/${FORK}`, '6.1.170/', '', '100%/x', `${kernel.id}.no-such`]) {
    assert.equal((await refusal(text)).message, `the store has no result ${text}`)
  }
  assert.equal((await refusal(`7.1.1/${FORK}`, first)).message, `run ${first} has no result 7.1.1/${FORK}`)
  assert.equal((await refusal(`6.1.170/${FORK}`, '2026-01-01-1')).message, 'there is no run 2026-01-01-1')
  const empty = await findResult(await temporaryFolder(t), 'x', undefined).catch((error: Error) => error.message)
  assert.match(String(empty), /^no run is stored in /)
})

test('a run that cannot be read is passed over, and named where nothing is found', async (t) => {
  const { state, second, third } = await runs(t)
  const raw = openDatabase(join(state, 'store.sqlite'), { readOnly: false })
  raw.run('UPDATE runs SET plan = ? WHERE id = ?', '{"no": "plan"}', third)
  raw.run('UPDATE runs SET plan = ? WHERE id = ?', 'not JSON', second)
  raw.close()
  assert.deepEqual((await found(state, `${OWN.id}/${FORK}`))[0], 'run 2026-11-21-1')
  const none = await found(state, `9.9.9/${FORK}`).catch((error: Error & { hint: string }) => error.hint)
  assert.match(
    String(none),
    new RegExp(`run ${third} is skipped: the plan .* is damaged, .*; run ${second} is skipped: the plan .* cannot`),
  )
})

test('runs of bisections are found behind those of reports, and say where they are', async (t) => {
  const { state } = await runs(t)
  const step = { ...BUILT, id: 'tree-5.10.9-base-bbbbbbbbbbbb', version: '5.10.9', build: 'bbbbbbbbbbbb' }
  await runIn(
    join(state, 'bisect-steps'),
    [step, OWN],
    [
      [step, FORK],
      [OWN, FORK],
    ],
  )
  assert.deepEqual((await found(state, `5.10.9/${FORK}`))[0], 'run 2026-11-21-1 in bisect-steps')
  assert.deepEqual((await found(state, `${OWN.id}/${FORK}`))[0], 'run 2026-11-21-2')
  const other = { ...step, id: 'tree-5.10.8-base-cccccccccccc', version: '5.10.8', build: 'cccccccccccc' }
  await runIn(join(state, 'bisect', '2026-11-21-9'), [other], [[other, FORK]])
  await runIn(join(state, 'bisect', '2026-11-21-10'), [other], [[other, FORK]])
  assert.deepEqual((await found(state, `5.10.8/${FORK}`))[0], 'run 2026-11-21-1 in bisect/2026-11-21-10')
})

test('diagnostics are the lines of the case for people, whatever stands around them', () => {
  assert.deepEqual(diagnosticsIn(output), ['# 3 rounds', '# met twice', '# kwitness: end of tests'])
  assert.deepEqual(diagnosticsIn(Buffer.from('ok 1 a # SKIP no\n#no blank\n\t#tab')), ['#no blank', '#tab'])
  assert.deepEqual(diagnosticsIn(Buffer.alloc(0)), [])
})

test('explain names the run, shows what the case said, and the paths of both logs; JSON has the same', async () => {
  const place = await newPlace()
  try {
    await runIn(place.state, [kernel, OWN], [[OWN, FORK]])
    const text = await runCli(place, ['why', `6.12.29/${FORK}`])
    assert.equal(text.code, 0, text.stderr)
    assert.match(text.stdout, new RegExp(`^${OWN.id} ${FORK}: \\S+\n {2}run 2026-11-21-1\n`))
    assert.match(text.stdout, /^ {4}# 3 rounds\n {4}# met .*twice\n/m)
    assert.doesNotMatch(text.stdout, /[^\P{Cc}\n]/u)
    const json = await runCli(place, ['explain', `${OWN.id}.${FORK}`, '--json'])
    const { run, kernel: id, attempts: made } = JSON.parse(json.stdout)
    assert.deepEqual([run, id, made.length, made[0].diagnostics[0]], ['2026-11-21-1', OWN.id, 1, '# 3 rounds'])
    const { console: log, output: said } = made[0].files
    assert.equal(dirname(log), join(place.state, 'evidence', run, made[0].id))
    // The console is longer than a block of the disk, so it is stored compressed.
    assert.deepEqual([log.endsWith('/console.log.zst'), said.endsWith('/output.log')], [true, true])
    for (const path of [log, said]) assert.ok(text.stdout.includes(`: ${path}\n`) || text.stdout.endsWith(`: ${path}`), path)
    const none = await runCli(place, ['explain', `6.12/${FORK}`])
    assert.deepEqual([none.code, none.stdout], [2, ''])
  } finally {
    await place.remove()
  }
})

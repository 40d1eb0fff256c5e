import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readCatalogue } from '#run/prepare/catalogue.ts'
import type { ControlEntry } from '#schema/catalogue/controls.ts'
import { chooseControls, CONTROLS, patchOf, readControls } from '#run/prepare/controls.ts'
import { CATALOGUE } from '#run/prepare/catalogue.ts'

const CASES = [{ id: 'event' }, { id: 'layout' }, { id: 'race' }]

const entry = (changes: Partial<ControlEntry> = {}): ControlEntry => ({
  series: '5.10',
  fix: 'aaaaaaaaaaaa',
  kind: 'bad',
  case: 'event',
  blinds: [],
  ...changes,
})

/** A folder of controls with this list, and a patch for each entry that can have one. */
async function folder(t: TestContext, list: unknown, patches: readonly ControlEntry[] = []): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'kwitness-controls-'))
  t.after(() => rm(root, { recursive: true }))
  await writeFile(join(root, 'controls.json'), typeof list === 'string' ? list : JSON.stringify(list))
  for (const one of patches) {
    await mkdir(dirname(patchOf(root, one)), { recursive: true })
    await writeFile(patchOf(root, one), '--- a/x\n+++ b/x\n')
  }
  return root
}

const listOf = (...controls: readonly object[]) => ({ about: 'Some.', controls })

test('a list is read as it stands, blinds filled in', async (t) => {
  const { blinds: _none, ...bare } = entry()
  const all = [entry(), entry({ series: '6.1', fix: 'posted-one', kind: 'good', blinds: ['race'] })]
  const root = await folder(t, listOf(bare, ...all.slice(1)), all)
  assert.deepEqual(await readControls(root, CASES), all)
})

/** One thing wrong with a list each, and what must be said of it. */
const WRONG: readonly (readonly [what: string, list: unknown, says: RegExp])[] = [
  ['no JSON', '{', /controls\.json is not valid JSON/],
  ['no control', listOf(), /controls\.json is not a valid list of controls:[^]*at controls/],
  ['no words about it', { controls: [entry()] }, /at about/],
  ['a series that is not one', listOf(entry({ series: '5.10.y' })), /at controls\[0\]\.series/],
  ['a fix that leaves the folder', listOf(entry({ fix: '../x' })), /at controls\[0\]\.fix/],
  ['a kind of its own', listOf({ ...entry(), kind: 'ugly' }), /at controls\[0\]\.kind/],
  ['an unknown field', listOf({ ...entry(), blind: [] }), /"blind"/],
  ['a control that blinds its own case', listOf(entry({ blinds: ['event'] })), /cannot blind its own case/],
  ['a fix twice in one series', listOf(entry(), entry({ case: 'race' })), /each fix once/],
  ['a case that is not there', listOf(entry({ case: 'nowhere' })), /aaaa of 5\.10 names a case that is not there: nowhere/],
  ['a blinded case that is not there', listOf(entry({ blinds: ['nowhere'] })), /names a case that is not there: nowhere/],
]

for (const [what, list, says] of WRONG) {
  test(`a list with ${what} is the mistake of who wrote it`, async (t) => {
    const root = await folder(t, list, [entry()])
    await assert.rejects(readControls(root, CASES), { name: 'UserError', message: says })
  })
}

test('the error for a control without its patch names the place where it belongs', async (t) => {
  const other = entry({ series: '6.1' })
  const root = await folder(t, listOf(entry(), other), [entry()])
  const hint = `it belongs at ${patchOf(root, other)}`
  await assert.rejects(readControls(root, CASES), { name: 'UserError', message: /aaaaaaaaaaaa of 6\.1 has no patch/, hint })
})

test('controls are chosen by series, by fix (or its beginning, or the whole hash), and by cases', () => {
  const [bad, race, other] = [entry(), entry({ fix: 'bbbbbbbbbbbb', case: 'race' }), entry({ series: '6.1' })]
  const choose = (series: string[], fixes: string[], cases = CASES) =>
    chooseControls([bad, race, other], { series, fixes }, cases)
  assert.deepEqual(choose([], []), [bad, race, other])
  assert.deepEqual(choose(['5.10'], []), [bad, race])
  assert.deepEqual(choose([], ['aaaa']), [bad, other])
  assert.deepEqual(choose([], [`bbbbbbbbbbbb${'0'.repeat(28)}`]), [race])
  assert.deepEqual(choose(['6.1', '5.10'], ['bbbbbbbbbbbb']), [race])
  assert.deepEqual(choose([], [], [{ id: 'race' }]), [race])
  const unknown = { name: 'UserError', message: 'there is no control of 4.19', hint: /5\.10, 6\.1, aaaaaaaaaaaa, bbbbbbbbbbbb$/ }
  assert.throws(() => choose(['4.19'], []), unknown)
  assert.throws(() => choose([], ['cccc']), { name: 'UserError', message: 'there is no control of cccc' })
  assert.throws(() => choose(['6.1'], ['bbbb']), { name: 'UserError', message: 'no control is left to measure' })
  assert.throws(() => choose([], [], [{ id: 'layout' }]), { name: 'UserError', message: 'no control is left to measure' })
})

test('each control of the product says in its patch what it is for, and its list says the same', async () => {
  const entries = await readControls(CONTROLS, await readCatalogue(CATALOGUE))
  for (const one of entries) {
    const [words = ''] = (await readFile(patchOf(CONTROLS, one), 'utf8')).split(/^--- /m)
    const must = one.kind === 'bad' ? 'Must reproduce' : 'Must not reproduce'
    const where = `${one.series}/${one.fix}`
    assert.ok(words.startsWith('SPDX-License-Identifier: GPL-2.0-only\n'), where)
    assert.ok(words.includes(`${must}: ${one.case}.`), `${where} does not say "${must}: ${one.case}."`)
    assert.ok(words.includes(one.kind === 'bad' ? `control for ${one.fix}` : 'Known-good control'), where)
  }
  for (const series of ['5.10', '6.1', '6.12'])
    assert.ok(
      entries.some((one) => one.series === series),
      series,
    )
})

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { REPOSITORY } from '#harness/support/repository.ts'
import { asTriedByChance, triedBothWays } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { theCase } from '#test/helpers/judging.ts'

const { id: _id, folder: _folder, ...GOOD } = theCase

/** A catalogue with these files, whose text is given or made of an object. */
async function catalogue(t: TestContext, files: Readonly<Record<string, unknown>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'kwitness-catalogue-'))
  t.after(() => rm(root, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true })
    await writeFile(join(root, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return root
}

test('cases come in the order of their ids; templates and folders without a case.json are passed over', async (t) => {
  const root = await catalogue(t, {
    'b-case/case.json': GOOD,
    'a-case/case.json': GOOD,
    '_template/case.json': 'no case',
    'include/ktap.h': '',
    'README.md': '',
  })
  const cases = await readCatalogue(root)
  const found = cases.map(({ id, folder }) => [id, folder])
  assert.deepEqual(found, [
    ['a-case', join(root, 'a-case')],
    ['b-case', join(root, 'b-case')],
  ])
  // What a case does not say of changelogs is said in its plan, which tells it from one older than the field.
  const claim = { ...theCase.claim, unlisted: [] }
  assert.deepEqual({ ...cases[0], id: theCase.id, folder: theCase.folder }, { ...theCase, claim })
})

test('a fix that was merged by a hash nobody wrote down is told from one never merged', async (t) => {
  const fixes = ['unknown', null].map((commit) => ({ ...GOOD.fixes[0], commit }))
  const root = await catalogue(t, { 'a-case/case.json': { ...GOOD, fixes } })
  const [first] = await readCatalogue(root)
  assert.deepEqual(
    first?.fixes.map(({ commit }) => commit),
    ['unknown', null],
  )
})

test('a module is a name, or a name and the first release that does without it', async (t) => {
  const modules = ['pin', { name: 'other_pin', until: '6.12' }]
  const needs = { ...GOOD.needs, modules, externalModules: modules }
  const root = await catalogue(t, { 'a-case/case.json': { ...GOOD, needs } })
  const [first] = await readCatalogue(root)
  const read = [
    { name: 'pin', until: null },
    { name: 'other_pin', until: '6.12' },
  ]
  assert.deepEqual([first?.needs.modules, first?.needs.externalModules], [read, read])
})

test('a case may say how the bug ends it, and says nothing where its program lives to tell', async (t) => {
  const hang = { kind: 'hang', of: 'guest' }
  const splat = { kind: 'splat', title: '^Corrupted page table$' }
  const root = await catalogue(t, {
    'a-case/case.json': { ...GOOD, symptomEnding: hang },
    'b-case/case.json': { ...GOOD, symptomEnding: splat, destructive: true },
    'c-case/case.json': GOOD,
  })
  assert.deepEqual(
    (await readCatalogue(root)).map(({ symptomEnding }) => symptomEnding),
    [hang, splat, undefined],
  )
})

const TWO_VCPUS = { ...GOOD.needs, cpus: 2 }
const SCHEDULE = {
  first: 'fork',
  second: 'pin',
  window: { symbol: 'copy_page_range', argument: { index: 2, member: 'vm_area_struct.vm_start', offset: 0 } },
  waits: [{ symbol: 'rwsem_down_read_slowpath', lock: 1, owner: 8 }],
  disable: { member: 'mm_struct.write_protect_seq', functions: ['copy_page_range'] },
  secondCut: null,
}
const withWindow = (change: object) => ({ ...SCHEDULE, window: { ...SCHEDULE.window, ...change } })
const SCHEDULED = { oracle: 'schedule', schedule: SCHEDULE, needs: TWO_VCPUS }
const HANG = { kind: 'hang', of: 'case' }
const UNTIL_SERIES_ARG = { arg: 'x=1', until: '6.5.y' }
const UNTIL_SERIES = { name: 'pin', until: '6.12.y' }

/** One thing wrong with a case each, and the field that must be named for it. */
const BROKEN: readonly (readonly [what: string, change: object, field: string])[] = [
  ['no title', { title: undefined }, 'title'],
  ['an empty title', { title: '' }, 'title'],
  ['no subsystem', { subsystem: 3 }, 'subsystem'],
  ['fixes that are no list', { fixes: {} }, 'fixes'],
  ['a hash too short', { fixes: [{ ...GOOD.fixes[0], commit: 'abc123' }] }, 'fixes[0].commit'],
  ['a hash in capitals', { fixes: [{ ...GOOD.fixes[0], commit: 'ABCDEF012345' }] }, 'fixes[0].commit'],
  ['a hash that is another word', { fixes: [{ ...GOOD.fixes[0], commit: 'lost' }] }, 'fixes[0].commit'],
  ['a fix without a subject', { fixes: [{ ...GOOD.fixes[0], subject: '' }] }, 'fixes[0].subject'],
  ['a Fixes: that is a sentence', { fixes: [{ ...GOOD.fixes[0], fixes: ['the other one'] }] }, 'fixes[0].fixes[0]'],
  ['a CVE without its number', { fixes: [{ ...GOOD.fixes[0], cve: ['CVE-2024'] }] }, 'fixes[0].cve[0]'],
  ['introduced as a number', { introduced: 5.1 }, 'introduced'],
  ['no symptom', { symptom: '' }, 'symptom'],
  ['an oracle of another kind', { oracle: 'sometimes' }, 'oracle'],
  ['no vCPU', { needs: { ...GOOD.needs, cpus: 0 } }, 'needs.cpus'],
  ['half a vCPU', { needs: { ...GOOD.needs, cpus: 1.5 } }, 'needs.cpus'],
  ['memory as text', { needs: { ...GOOD.needs, memoryMiB: '512' } }, 'needs.memoryMiB'],
  ['too little memory', { needs: { ...GOOD.needs, memoryMiB: 1 } }, 'needs.memoryMiB'],
  ['a module alone', { needs: { ...GOOD.needs, modules: 'fuse' } }, 'needs.modules'],
  ['a module until a series', { needs: { ...GOOD.needs, modules: [UNTIL_SERIES] } }, 'needs.modules[0].until'],
  ['an external module that is a path', { needs: { ...GOOD.needs, externalModules: ['../pin'] } }, 'needs.externalModules[0]'],
  [
    'an external module until a series',
    { needs: { ...GOOD.needs, externalModules: [UNTIL_SERIES] } },
    'needs.externalModules[0].until',
  ],
  ['a command line alone', { needs: { ...GOOD.needs, cmdline: 'x=1' } }, 'needs.cmdline'],
  ['an argument until a series', { needs: { ...GOOD.needs, cmdline: [UNTIL_SERIES_ARG] } }, 'needs.cmdline[0].until'],
  ['needs with more in it', { needs: { ...GOOD.needs, disk: 1 } }, 'needs'],
  ['no time at all', { timing: { ...GOOD.timing, timeoutSeconds: 0 } }, 'timing.timeoutSeconds'],
  ['no expected time', { timing: { timeoutSeconds: 1 } }, 'timing.expectedSeconds'],
  ['destructive as a word', { destructive: 'no' }, 'destructive'],
  ['an ending of no kind', { symptomEnding: 'hang' }, 'symptomEnding'],
  ['an ending of another kind', { symptomEnding: { kind: 'noise' } }, 'symptomEnding.kind'],
  ['a hang of nobody', { symptomEnding: { kind: 'hang' } }, 'symptomEnding.of'],
  ['a splat without a title', { symptomEnding: { kind: 'splat' }, destructive: true }, 'symptomEnding.title'],
  ['a title that is no pattern', { symptomEnding: { kind: 'splat', title: '(' }, destructive: true }, 'symptomEnding.title'],
  ['a title that matches all', { symptomEnding: { kind: 'splat', title: '' }, destructive: true }, 'symptomEnding.title'],
  ['a splat that does not destroy', { symptomEnding: { kind: 'splat', title: 'x' } }, 'destructive'],
  ['a race that ends by a hang', { symptomEnding: HANG, oracle: 'statistical' }, 'symptomEnding'],
  ['a schedule that is not there', { oracle: 'schedule', needs: TWO_VCPUS }, 'schedule'],
  ['a schedule with another oracle', { schedule: SCHEDULE, needs: TWO_VCPUS }, 'schedule'],
  ['a schedule on one vCPU', { ...SCHEDULED, needs: GOOD.needs }, 'needs.cpus'],
  [
    'a window in no function',
    { ...SCHEDULED, schedule: { ...SCHEDULE, window: { ...SCHEDULE.window, symbol: '' } } },
    'schedule.window.symbol',
  ],
  ['a window in none of no functions', { ...SCHEDULED, schedule: withWindow({ symbol: [] }) }, 'schedule.window.symbol'],
  ['a window left at no name', { ...SCHEDULED, schedule: withWindow({ leave: ['a b'] }) }, 'schedule.window.leave[0]'],
  [
    'a call known by no member',
    { ...SCHEDULED, schedule: withWindow({ argument: { index: 2 } }) },
    'schedule.window.argument.member',
  ],
  [
    'a lock whose owner is not said',
    { ...SCHEDULED, schedule: { ...SCHEDULE, waits: [{ symbol: 'lock', lock: 1 }] } },
    'schedule.waits[0].owner',
  ],
  ['a disable that is not said', { ...SCHEDULED, schedule: { ...SCHEDULE, disable: undefined } }, 'schedule.disable'],
  [
    'a disable of no member',
    { ...SCHEDULED, schedule: { ...SCHEDULE, disable: { member: 'seq', functions: [] } } },
    'schedule.disable.member',
  ],
  ['a claim without its source', { claim: { ...GOOD.claim, source: undefined } }, 'claim.source'],
  ['stable releases as a list', { claim: { ...GOOD.claim, stable: ['6.12.29'] } }, 'claim.stable'],
  ['no word of how it was proven', { proof: undefined }, 'proof'],
  ['an empty proof', { proof: '' }, 'proof'],
  ['a reference alone', { references: 'https://example.org' }, 'references'],
  ['a field that is not known', { titel: 'x' }, 'titel'],
]

test('a schedule says all that an engine needs, in short or in full', async (t) => {
  const full = {
    ...withWindow({ symbol: ['old', 'new'], argument: { index: 2, member: null }, leave: ['wait'] }),
    waits: [{ symbol: 'spin', lock: 1, owner: null }],
    disable: null,
    byChance: false,
  }
  const root = await catalogue(t, {
    'short/case.json': { ...GOOD, ...SCHEDULED },
    'full/case.json': { ...GOOD, ...SCHEDULED, schedule: full },
  })
  const cases = await readCatalogue(root)
  const [long, short] = cases.map(({ schedule }) => schedule)
  assert.deepEqual(short, { ...withWindow({ symbol: ['copy_page_range'], leave: [] }), byChance: true })
  assert.deepEqual(long, { ...full, window: { ...full.window, argument: { index: 2, member: null, offset: null } } })
  // What its program cannot do by chance, nobody asks of it.
  const ways = cases.map(triedBothWays)
  assert.deepEqual(
    ways.map((both) => both.map(({ id, oracle }) => `${id} ${oracle}`)),
    [['full schedule'], ['short statistical', 'short.interleavings schedule']],
  )
  assert.deepEqual(
    cases.map((one) => asTriedByChance(one).oracle),
    ['schedule', 'statistical'],
  )
})

for (const [what, change, field] of BROKEN) {
  test(`a case with ${what} is the mistake of who wrote it, with file and field`, async (t) => {
    const root = await catalogue(t, { 'good/case.json': GOOD, 'wrong/case.json': { ...GOOD, ...change } })
    await assert.rejects(readCatalogue(root), (error: Error) => {
      assert.ok(error instanceof UserError)
      assert.ok(error.message.startsWith(`${join(root, 'wrong', 'case.json')} is not a valid case:`), error.message)
      const { message } = error
      const isNamed = message.endsWith(`at ${field}`) || message.includes(`"${field}"`)
      assert.ok(isNamed, `${field} is not named in: ${message}`)
      return true
    })
  })
}

test('a file that is not JSON, or not there, is named', async (t) => {
  const root = await catalogue(t, { 'cut/case.json': JSON.stringify(GOOD).slice(0, -5) })
  await assert.rejects(readCatalogue(root), { name: 'UserError', message: /cut\/case\.json is not valid JSON: / })
  const other = await catalogue(t, { 'odd/case.json/file': '' })
  await assert.rejects(readCatalogue(other), { name: 'UserError', message: /odd\/case\.json cannot be read: EISDIR/ })
})

test('a catalogue that is not there, or empty, is told', async (t) => {
  const root = await catalogue(t, { 'no-case/repro.c': '' })
  const lost = { name: 'UserError', message: /the catalogue .*nowhere cannot be read: ENOENT/ }
  await assert.rejects(readCatalogue(join(root, 'nowhere')), lost)
  const empty = { name: 'UserError', message: `there is no case in ${root}`, hint: 'kwitness cases new ID makes one' }
  await assert.rejects(readCatalogue(root), empty)
})

test('cases are chosen by id, by glob, or all of them, always in the order of the catalogue', () => {
  const cases = ['a-one', 'b-one', 'b-two'].map((id) => ({ ...theCase, id }))
  const chosen = (...patterns: string[]) => selectCases(cases, patterns).map(({ id }) => id)
  assert.deepEqual(chosen('all'), ['a-one', 'b-one', 'b-two'])
  assert.deepEqual(chosen('b-two', 'a-*'), ['a-one', 'b-two'])
  assert.deepEqual(chosen('*-one', 'b-one'), ['a-one', 'b-one'])
  const none = { name: 'UserError', message: 'no case matches c-*', hint: 'there are: a-one, b-one, b-two' }
  assert.throws(() => chosen('a-one', 'c-*'), none)
  assert.throws(() => chosen(), { name: 'UserError', message: 'no case is named' })
})

test('the catalogue of the product, and the hostile one of its tests, can be read', async () => {
  const root = REPOSITORY
  for (const folder of ['c-tests', 'test/e2e/hostile']) assert.ok((await readCatalogue(join(root, folder))).length >= 7, folder)
})

test('releases of a claim that cannot be are refused, each by its field', async (t) => {
  const rows = [
    [{ stable: { '6.12': '6.12.29' } }, /6\.12 is not a series such as 6\.12\.y/],
    [{ stable: { '6.12.y': '6.1.29' } }, /a release of 6\.12\.y\n.*claim\.stable/],
    [{ stable: { '6.12.y': '6.12' } }, /a stable release such as 6\.12\.29/],
    [{ stable: { '6.12.y': ' 6.12.29' } }, /a stable release such as 6\.12\.29/],
    [{ mainline: '6.12.1' }, /a release such as 6\.12\n.*claim\.mainline/],
    [{ stable: {}, unlisted: ['6.12.y'] }, /no release in stable is of 6\.12\.y\n.*claim\.unlisted/],
  ] as const
  for (const [claim, message] of rows) {
    const root = await catalogue(t, { 'a-case/case.json': { ...GOOD, claim: { ...GOOD.claim, ...claim } } })
    await assert.rejects(readCatalogue(root), (error: UserError) => {
      assert.ok(error instanceof UserError)
      assert.match(error.message, message)
      return true
    })
  }
})

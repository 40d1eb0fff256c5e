/** What a base cannot be asked for want of an option: which cases, what becomes of the answer, and what cases declare. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { enabledOptions, missingOptions } from '#analysis/verify/missing-options.ts'
import { verificationOf } from '#analysis/verify/report.ts'
import { readFragment } from '#harness/kernels/tree/source/config.ts'
import { CATALOGUE, readCatalogue } from '#run/prepare/catalogue.ts'
import { renderVerify, renderVerifyMarkdown } from '#render/verify/text.ts'
import { sampleCase } from '#test/helpers/judging.ts'
import { planOf, reportOf } from '#test/helpers/reports/verifications.ts'

const needing = (id: string, config: readonly string[], introduced: string | null = null) => {
  const one = sampleCase(id, { introduced })
  return { ...one, needs: { ...one.needs, config } }
}

test('an option is there as built in or as a module; one that is unset, absent or of another name is not', () => {
  const options = enabledOptions(
    'CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D="y"\nCONFIG_E=n\nCONFIG_F_G=y\nCONFIG_H=y\n# CONFIG_H is not set\n',
  )
  assert.deepEqual(
    [...options].filter((name) => !name.includes('=')),
    ['CONFIG_A', 'CONFIG_B', 'CONFIG_F_G'],
  )
  assert.ok(options.has('CONFIG_D="y"') && options.has('CONFIG_B=m') && !options.has('CONFIG_H=y'))
})

test('a case that is about something newer than the kernel misses nothing', () => {
  const cases = [needing('old', ['CONFIG_A', 'CONFIG_B'], '5.9'), needing('new', ['CONFIG_B'], '5.14'), needing('none', [])]
  const found = missingOptions({ version: '5.10.262' }, new Set(['CONFIG_A']), cases, [])
  assert.deepEqual(found, [{ case: 'old', options: ['CONFIG_B'], debian: null }])
  const value = [needing('value', ['CONFIG_MIN=65536'])]
  const missing = (config: string) => missingOptions({ version: '5.10.262' }, enabledOptions(config), value, []).length
  assert.deepEqual(['CONFIG_MIN=4096\n', 'CONFIG_MIN=65536\n', 'CONFIG_MIN=655360\n'].map(missing), [1, 0, 1])
})

test("any flavour of Debian's kernel that has all of it can be asked; one that has a part cannot", () => {
  const flavour = (id: string, ...options: readonly string[]) => ({ id, options: new Set(options) })
  const cloud = flavour('cloud', 'CONFIG_A')
  const generic = flavour('generic', 'CONFIG_A', 'CONFIG_B')
  const found = (needs: readonly string[], ...debian: Parameters<typeof missingOptions>[3]) =>
    missingOptions({ version: '6.1.9' }, new Set(), [needing('one', needs)], debian).map((one) => one.debian)
  assert.deepEqual(found(['CONFIG_A', 'CONFIG_B'], cloud, generic), ['generic'])
  assert.deepEqual(found(['CONFIG_A'], cloud, generic), ['cloud'])
  assert.deepEqual(found(['CONFIG_A', 'CONFIG_B'], cloud, flavour('other', 'CONFIG_B')), [])
  assert.deepEqual(found(['CONFIG_B'], cloud), [])
  assert.deepEqual(found(['CONFIG_C']), [null])
})

const DEBIAN = 'debian-5.10.262-1-cloud-amd64'
const LACKS = [
  { case: 'fix', options: ['CONFIG_KSM'], debian: DEBIAN },
  { case: 'other', options: ['CONFIG_KSM'], debian: DEBIAN },
  { case: 'asked', options: ['CONFIG_NBD'], debian: null },
]
const ALONE = ['not-applicable', 'not-applicable'] as const

test('a target that the base cannot be asked is no answer and names the option; an answer all the same says nothing', () => {
  const found = verificationOf(
    planOf({ missingOptions: LACKS }),
    reportOf({ fix: ALONE, other: ALONE, asked: ['lacks', 'lacks'] }),
  )
  const [base] = found.bases
  assert.deepEqual(
    base?.untestable.map((one) => one.case),
    ['fix', 'other'],
  )
  assert.deepEqual([found.status, base?.summary], ['no-answer', 'fix cannot be tested on this base, which lacks CONFIG_KSM'])
  const other = verificationOf(planOf({ missingOptions: LACKS }), reportOf({ fix: ['lacks', 'carries'], other: ALONE }))
  assert.equal(other.status, 'fixes')
  const without = verificationOf(planOf(), reportOf({ fix: ALONE }))
  assert.equal(without.status, 'nothing-to-fix')
})

test('the report says which cases, what is missing and who has it', () => {
  const found = verificationOf(
    planOf({ missingOptions: LACKS }),
    reportOf({ fix: ['lacks', 'carries'], other: ALONE, asked: ALONE }),
  )
  const text = renderVerify(found, 'Jane Doe <jane@example.org>', { width: 100, colour: false, ascii: true })
  assert.match(
    text,
    new RegExp(`cannot be tested on this base: other\n +its configuration lacks CONFIG_KSM, which ${DEBIAN} has; `),
  )
  assert.match(
    text,
    /cannot be tested on this base: asked\n +its configuration lacks CONFIG_NBD \(no Debian kernel of its series/,
  )
  assert.match(
    renderVerifyMarkdown(found, 'x'),
    /^- cannot be tested on this base: other\n {2}- its configuration lacks CONFIG\\_KSM/m,
  )
})

/** Headers that no case can do without, and the option behind each. */
const OPTIONS: Readonly<Record<string, string>> = {
  'uffd/uffd.h': 'CONFIG_USERFAULTFD',
  'io/uring.h': 'CONFIG_IO_URING',
  'io/fuse_file.h': 'CONFIG_FUSE_FS',
  'io/nbd_disk.h': 'CONFIG_BLK_DEV_NBD',
  'mm/hugetlb.h': 'CONFIG_HUGETLBFS',
  'mm/pagemap.h': 'CONFIG_PROC_PAGE_MONITOR',
  'mm/kpageflags.h': 'CONFIG_PROC_PAGE_MONITOR',
  'mm/smaps.h': 'CONFIG_PROC_PAGE_MONITOR',
}

const includesOf = async (...path: readonly string[]) =>
  [...(await readFile(join(CATALOGUE, ...path), 'utf8')).matchAll(/#include "([^"]+)"/g)].map(([, name = '']) => name)

/** Headers of a case, its own and theirs; of a race it needs one of several. */
async function headersOf(id: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const open = await includesOf(id, 'repro.c')
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name) || name.startsWith('race/')) continue
    found.add(name)
    open.push(...(await includesOf('include', name)))
  }
  return found
}

test('base.config has every option that a case declares, and a case declares what its headers need', async () => {
  const set = new Map((await readFragment('base')).lines.map(({ symbol, value }) => [symbol, value]))
  for (const { id, needs } of await readCatalogue(CATALOGUE)) {
    for (const [name = '', value = 'y'] of (needs.config ?? []).map((option) => option.split('='))) {
      assert.equal(set.get(name), value, `${id}: ${name}`)
    }
    for (const header of await headersOf(id)) {
      const option = OPTIONS[header]
      if (option !== undefined) assert.ok(needs.config?.includes(option), `${id} includes ${header}: ${option}`)
    }
  }
})

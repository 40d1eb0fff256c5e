/** Names of results: what tables and commands print is understood, an abbreviation where it is unique, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kernel, ProviderName } from '#domain/kernel.ts'
import { matchResults, type NamedRun } from '#run/results/names.ts'

const kernel = (provider: ProviderName, version: string, build: string, flavour: string): Kernel => {
  const id =
    provider === 'debian'
      ? `debian-${build}-${flavour}`
      : `${provider}-${version}${provider === 'tree' ? `-${flavour}` : ''}-${build}`
  return { id, provider, version, series: `${version.split('.').slice(0, 2).join('.')}.y`, build, flavour, arch: 'x86_64' }
}
const KERNELS = [
  kernel('tree', '5.10.262', '0640acd1104b', 'base'),
  kernel('tree', '5.10.262', '90f13dbc9d63', 'df2cc96e7701'),
  kernel('debian', '6.1.17', '6.1.17-1', 'cloud-amd64'),
  kernel('debian', '6.1.170', '6.1.170-3', 'cloud-amd64'),
  kernel('debian', '6.1.192', '6.1.192-1', 'cloud-amd64'),
  kernel('debian', '6.1.192', '6.1.192-10', 'cloud-amd64'),
  kernel('debian', '6.1.192', '6.1.192-10', 'amd64'),
  kernel('debian', '6.12.43', '6.12.43-1~bpo12+1', 'cloud-amd64'),
  kernel('file', '6.12.29', '4cefe09d91f9', 'custom'),
  kernel('tree', '7.3~rc7', 'aa11bb22cc33', 'my.patch'),
]
const CASES = ['uffd-wp-mremap', 'uffd-wp-close', 'uffd-fork-event', 'ksm-soft-dirty']
const attemptOf = (id: string, name: string, attempt: number, profile = '8c1f0a2b') => ({
  id: `${id}.${name}.${profile}.${attempt}`,
  kernel: id,
  case: name,
  attempt,
})
const RUN: NamedRun = {
  kernels: KERNELS,
  cases: CASES,
  attempts: [
    ...KERNELS.flatMap(({ id }) => CASES.map((name) => attemptOf(id, name, 1))),
    attemptOf('debian-6.1.170-3-cloud-amd64', 'uffd-fork-event', 2),
    attemptOf('debian-6.1.170-3-cloud-amd64', 'uffd-fork-event', 10),
  ],
  labels: [['/src/linux@v5.10', 'tree-5.10.262-base-0640acd1104b']],
}
const FORK = 'uffd-fork-event'
const found = (text: string) => matchResults(text, RUN).map((one) => `${one.kernel}/${one.case}`)

/** A text, and the one kernel it names together with `/uffd-fork-event`. */
const KERNEL_NAMES: readonly (readonly [text: string, kernel: string])[] = [
  ['debian-6.1.170-3-cloud-amd64', 'debian-6.1.170-3-cloud-amd64'],
  ['6.1.170', 'debian-6.1.170-3-cloud-amd64'],
  ['6.1.170-3', 'debian-6.1.170-3-cloud-amd64'],
  ['6.1.170-3-cloud-amd64', 'debian-6.1.170-3-cloud-amd64'],
  ['6.1.170-3 cloud-amd64', 'debian-6.1.170-3-cloud-amd64'],
  ['debian-6.1.170', 'debian-6.1.170-3-cloud-amd64'],
  ['debian-6.1.170-3-cl', 'debian-6.1.170-3-cloud-amd64'],
  ['6.1.17', 'debian-6.1.17-1-cloud-amd64'],
  ['debian-6.1.17', 'debian-6.1.17-1-cloud-amd64'],
  ['6.1.192-1', 'debian-6.1.192-1-cloud-amd64'],
  ['debian-6.1.192-1', 'debian-6.1.192-1-cloud-amd64'],
  ['6.1.192-10 amd64', 'debian-6.1.192-10-amd64'],
  ['6.12.43', 'debian-6.12.43-1~bpo12+1-cloud-amd64'],
  ['6.12.43-1', 'debian-6.12.43-1~bpo12+1-cloud-amd64'],
  ['6.12.43-1~bpo12+1', 'debian-6.12.43-1~bpo12+1-cloud-amd64'],
  ['6.12.29', 'file-6.12.29-4cefe09d91f9'],
  ['4cefe09d91f9', 'file-6.12.29-4cefe09d91f9'],
  ['4cef', 'file-6.12.29-4cefe09d91f9'],
  ['file-6.12.29', 'file-6.12.29-4cefe09d91f9'],
  ['7.3~rc7', 'tree-7.3~rc7-my.patch-aa11bb22cc33'],
  ['5.10.262 base', 'tree-5.10.262-base-0640acd1104b'],
  ['5.10.262 base 0640acd1104b', 'tree-5.10.262-base-0640acd1104b'],
  ['tree-5.10.262-base-0640', 'tree-5.10.262-base-0640acd1104b'],
  ['base', 'tree-5.10.262-base-0640acd1104b'],
  ['df2cc96e7701', 'tree-5.10.262-df2cc96e7701-90f13dbc9d63'],
  ['90f1', 'tree-5.10.262-df2cc96e7701-90f13dbc9d63'],
  ['/src/linux@v5.10', 'tree-5.10.262-base-0640acd1104b'],
]

test('a kernel is named by its id, version, build or label, or by the beginning of its id', () => {
  for (const [text, id] of KERNEL_NAMES) assert.deepEqual(found(`${text}/${FORK}`), [`${id}/${FORK}`], text)
})

test('a case is named by its id, the number of its column, or the beginning of its id', () => {
  const at = (text: string) => found(`6.1.170/${text}`).map((name) => name.slice(name.lastIndexOf('/') + 1))
  for (const [text, id] of [
    ['uffd-fork-event', FORK],
    ['ksm', 'ksm-soft-dirty'],
    ['uffd-f', FORK],
    ['uffd-wp-c', 'uffd-wp-close'],
    ['1', 'ksm-soft-dirty'],
    ['4', 'uffd-wp-mremap'],
  ] as const) {
    assert.deepEqual(at(text), [id], text)
  }
  assert.deepEqual(at('uffd-wp').toSorted(), ['uffd-wp-close', 'uffd-wp-mremap'])
  for (const text of ['5', '0', '', 'wp', 'fork-event', 'uffd-fork-events', 'UFFD-fork-event'])
    assert.deepEqual(at(text), [], text)
})

test('the head of explain, and a line of a report, are understood as they are printed', () => {
  const id = 'debian-6.1.170-3-cloud-amd64'
  for (const text of [`${id} ${FORK}`, `6.1.170 ${FORK}`, `${FORK} on 6.1.170`, `${FORK} on ${id}`, `${FORK} on 6.1.170-3`]) {
    assert.deepEqual(found(text), [`${id}/${FORK}`], text)
  }
  assert.deepEqual(found(`5.10.262 base ${FORK}`), [`tree-5.10.262-base-0640acd1104b/${FORK}`])
})

test('what fits several kernels names all of them, and only those of the best fit', () => {
  const kernels = (text: string) => found(`${text}/${FORK}`).map((name) => name.slice(0, -FORK.length - 1))
  assert.deepEqual(
    kernels('6.1.192'),
    KERNELS.slice(4, 7).map(({ id }) => id),
  )
  assert.deepEqual(
    kernels('6.1.192-10'),
    KERNELS.slice(5, 7).map(({ id }) => id),
  )
  assert.deepEqual(
    kernels('debian-6.1.192'),
    KERNELS.slice(4, 7).map(({ id }) => id),
  )
  assert.deepEqual(
    kernels('5.10.262'),
    KERNELS.slice(0, 2).map(({ id }) => id),
  )
  assert.deepEqual(kernels('6.1.170-3 … 6.1.192-1'), [], 'labels of this run carry the flavour')
})

test('a line that stands for several kernels names all of them', () => {
  const plain = { ...RUN, kernels: KERNELS.slice(2, 5) }
  for (const text of ['6.1.17 … 6.1.192 (3)', '6.1.17 ... 6.1.192 (3)']) {
    assert.equal(matchResults(`${text}/${FORK}`, plain).length, 3, text)
  }
  assert.equal(matchResults(`6.1.17 and 6.1.170/${FORK}`, plain).length, 2)
  assert.equal(matchResults(`6.1.192 … 6.1.17/${FORK}`, plain).length, 0)
})

test('what names no kernel finds nothing: a cut number, a series, a provider, another spelling', () => {
  const texts = [
    '6.1',
    '6.1.y',
    '6',
    '6.1.1',
    'debian-6.1.1',
    'debian',
    'tree',
    '6.1.19',
    '6.12.4',
    '064',
    'cef',
    '',
    '6.1.170-33',
  ]
  for (const text of texts) assert.deepEqual(found(`${text}/${FORK}`), [], text)
  for (const text of ['', '/', FORK, `/${FORK}`, '6.1.170/', '6.1.170', 'on', ` on ${FORK}`]) {
    assert.ok(found(text).length !== 1, text)
  }
})

const ID = 'debian-6.1.170-3-cloud-amd64.uffd-fork-event.8c1f0a2b'
const attempts = (text: string) => matchResults(text, RUN).map(({ kernel: id, case: name, attempt }) => [id, name, attempt])

test('an evidence id names its attempt; its beginning does where it is unique, else the result or several', () => {
  const result = ['debian-6.1.170-3-cloud-amd64', FORK]
  assert.deepEqual(attempts(`${ID}.2`), [[...result, `${ID}.2`]])
  assert.deepEqual(attempts(`${ID}.1`), [[...result, `${ID}.1`]], 'not the tenth')
  assert.deepEqual(attempts(`${ID}.10`), [[...result, `${ID}.10`]])
  assert.deepEqual(attempts(ID), [[...result, null]])
  assert.deepEqual(attempts('debian-6.1.170-3-cloud-amd64.uffd-fork'), [[...result, null]])
  assert.deepEqual(attempts('file-6.12.29-4cefe09d91f9.ksm'), [
    ['file-6.12.29-4cefe09d91f9', 'ksm-soft-dirty', 'file-6.12.29-4cefe09d91f9.ksm-soft-dirty.8c1f0a2b.1'],
  ])
  assert.equal(attempts('debian-6.1.170-3-cloud-amd64.uffd-wp').length, 2)
  assert.equal(attempts('debian-6.1.170-3-cloud-amd64').length, CASES.length)
  assert.deepEqual(attempts(`${ID}.3`), [])
  assert.deepEqual(attempts('debian-6.1.17.uffd-fork-event'), [])
})

test('the path of evidence names its attempt', () => {
  for (const file of ['', '/', '/console.log', '/console.log.zst', '/output.log', '/evidence.json']) {
    assert.equal(attempts(`/state/evidence/2026-01-31-1/${ID}.2${file}`)[0]?.[2], `${ID}.2`, file)
  }
})

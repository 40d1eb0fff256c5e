import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf, matchGuests, matchOutputs, sideOf } from '#analysis/replay.ts'
import { sampleEvidence } from '../helpers/judging.ts'

const bytes = (...lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''))
const plan = ['KTAP version 1', '1..1']

test('outputs are the same byte for byte, or not', () => {
  const output = bytes(...plan, '# 3 rounds', 'ok 1 a')
  assert.deepEqual(matchOutputs(output, Buffer.from(output)), { kind: 'identical' })
  assert.deepEqual(matchOutputs(Buffer.alloc(0), Buffer.alloc(0)), { kind: 'identical' })
})

test('comments that differ are told from results that differ, whose line is shown before any comment', () => {
  const output = bytes(...plan, '# 3 rounds', 'ok 1 a')
  assert.deepEqual(matchOutputs(output, bytes(...plan, '  # 4 rounds', 'ok 1 a')), {
    kind: 'comments-differ',
    line: 3,
    stored: '# 3 rounds',
    replayed: '  # 4 rounds',
  })
  assert.deepEqual(matchOutputs(output, bytes(...plan, '# 4 rounds', '# met', 'not ok 1 a')), {
    kind: 'results-differ',
    line: 4,
    stored: 'ok 1 a',
    replayed: 'not ok 1 a',
  })
})

test('an output that ends early, a byte that is no text, an ending that is not there: all differ', () => {
  const output = bytes(...plan, 'ok 1 a')
  assert.deepEqual(matchOutputs(output, bytes(...plan)), { kind: 'results-differ', line: 3, stored: 'ok 1 a', replayed: '' })
  const cut = matchOutputs(output, output.subarray(0, -1))
  assert.deepEqual(cut, { kind: 'results-differ', line: 4, stored: '', replayed: null })
  assert.equal(matchOutputs(Buffer.from([0xff]), Buffer.from([0xfe])).kind, 'results-differ')
  const umlaut = matchOutputs(bytes('ok 1 ä'), bytes('ok 1 ö'))
  assert.deepEqual(umlaut, { kind: 'results-differ', line: 1, stored: 'ok 1 ä', replayed: 'ok 1 ö' })
})

test('a guest is from the very state only when that was there before the attempt was over', () => {
  const stored = sampleEvidence({ startedAt: '2026-11-21T10:00:00.000Z', seconds: 2 })
  const over = Date.parse(stored.startedAt) + 2000
  const from = { key: 'a', savedAt: null }
  assert.equal(matchGuests(stored, from, { key: 'a', savedAt: over }), 'same-state')
  assert.equal(matchGuests(stored, from, { key: 'a', savedAt: over + 1 }), 'saved-anew')
  assert.equal(matchGuests(stored, from, { key: 'a', savedAt: null }), 'saved-anew')
  assert.equal(matchGuests(stored, from, { key: 'b', savedAt: 0 }), 'other-state')
  assert.equal(matchGuests(stored, null, { key: 'a', savedAt: 0 }), 'other-state')
  assert.equal(matchGuests(stored, from, null), 'booted')
})

test('what is another on this host is said, its load is not', () => {
  const { host } = sampleEvidence()
  assert.deepEqual(changesOf(host, { ...host, load: 0.9 }), [])
  const today = { ...host, qemu: '10.0.2', cpus: host.cpus + 2 }
  const [qemu, cpus] = [`QEMU: ${host.qemu}, now 10.0.2`, `CPUs: ${host.cpus}, now ${host.cpus + 2}`]
  assert.deepEqual(changesOf(host, today), [qemu, cpus])
})

test('a side is what was made of the attempt, its first reason, its seconds and taint', () => {
  const reason = { channel: 'output', line: 3, rule: 'output/not-ok', text: 'test 1: not ok' } as const
  const judgement = { outcome: 'reproduced', ending: 'clean exit', trials: { hits: 1, trials: 9 }, codePath: null } as const
  const evidence = sampleEvidence({ seconds: 1.5, taint: { before: 0, after: 512 } })
  const side = { outcome: 'reproduced', ending: 'clean exit', trials: { hits: 1, trials: 9 }, seconds: 1.5 }
  const taint = { before: 0, after: 512 }
  assert.deepEqual(sideOf(evidence, { ...judgement, reasons: [reason] }, ['# 3 rounds']), {
    ...side,
    diagnostics: ['# 3 rounds'],
    taint,
    summary: 'test 1: not ok',
  })
  assert.equal(sideOf(evidence, { ...judgement, reasons: [] }, []).summary, null)
})

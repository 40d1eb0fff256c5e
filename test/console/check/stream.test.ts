/** The stream of kwitness-check: what comes before it, cut anywhere, forged by a case, and not its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CheckReader, readCheckStream } from '#console/check/stream.ts'

const END = 'timed-out=0 seconds=0.013 taint=0,512 bytes=9 dropped=0'

const STREAM = [
  'KTAP version 1',
  '# kwitness-check: 1',
  '# host: db1',
  '# release: 6.1.0-18-amd64',
  '1..3',
  '  KTAP version 1',
  '  ok 1 here',
  '# kernel: [   12.000001] WARNING: something',
  `# case: one exit=0 ${END} open=0`,
  'ok 1 one',
  '  # case: three exit=0 timed-out=0 seconds=1 taint=0,0 bytes=1 dropped=0 open=0',
  `# case: two signal=9 ${END} open=1`,
  'not ok 2 two # ERROR',
  `# case: three hung=1 timed-out=1 seconds=2 taint=-1,-1 bytes=0 dropped=7 open=0`,
  'not ok 3 three # TIMEOUT',
  '# left: three hangs in the kernel and cannot be killed',
  '# kwitness-check: end',
  '',
].join('\n')

test('head, cases, kernel log and what is left come out as they are', () => {
  const { head, planned, cases, left, isComplete, problem, before } = readCheckStream(Buffer.from(STREAM))
  assert.deepEqual({ ...head }, { host: 'db1', release: '6.1.0-18-amd64' })
  assert.deepEqual([planned, isComplete, problem, before], [3, true, null, ''])
  assert.deepEqual(left, ['three hangs in the kernel and cannot be killed'])
  const [one, two, three] = cases
  assert.equal(one?.output.toString(), 'KTAP version 1\nok 1 here\n')
  assert.equal(one?.console.toString(), '[   12.000001] WARNING: something\n')
  assert.deepEqual(one?.ending, { code: 0, signal: null, timedOut: false, hung: false, seconds: 0.013 })
  assert.deepEqual(one?.taint, { before: 0, after: 512 })
  assert.deepEqual([two?.ending.code, two?.ending.signal], [null, 9])
  assert.match(two?.output.toString() ?? '', /^# case: three .* open=0$/)
  assert.deepEqual([three?.ending.hung, three?.taint, three?.droppedBytes], [true, { before: null, after: null }, 7])
})

test('where the stream is cut makes no difference, only what is missing', () => {
  const whole = readCheckStream(Buffer.from(STREAM))
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 8 }), (cuts) => {
      const reader = new CheckReader()
      const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length]
      for (const [n, at] of places.entries()) reader.push(Buffer.from(STREAM.slice(at, places[n + 1] ?? at)))
      assert.deepEqual(reader.result(), whole)
    }),
  )
  const lines = STREAM.split('\n')
  for (let count = 0; count < lines.length - 1; count += 1) {
    const cut = readCheckStream(Buffer.from(lines.slice(0, count).join('\n')))
    assert.equal(cut.isComplete, false, `with ${count} lines`)
    assert.equal(cut.problem, null)
  }
})

test('a banner, a prompt and an echo before it are no part of it', () => {
  for (const noise of ['Welcome to db1\n\n', 'KTAP version 1\nok 1 not ours\n', '$ ', 'KTAP version 1\n', '\x1b]0;t\x07\r\n']) {
    const { cases, isComplete, before } = readCheckStream(Buffer.from(noise + STREAM))
    assert.deepEqual([cases.length, isComplete], [3, true], JSON.stringify(noise))
    assert.equal(before, noise.endsWith('\n') ? noise.replace('\r', '') : '$ KTAP version 1\n'.slice(0, 2), JSON.stringify(noise))
  }
})

test('output of every byte is returned byte for byte', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10)))),
      (lines) => {
        const own = Buffer.concat(lines.flatMap((line) => [Buffer.from('  '), line, Buffer.from('\n')]))
        const stream = Buffer.concat([
          Buffer.from('KTAP version 1\n# kwitness-check: 1\n1..1\n'),
          own,
          Buffer.from(`# case: one exit=0 ${END} open=0\nok 1 one\n# kwitness-check: end\n`),
        ])
        const expected = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))
        assert.deepEqual(readCheckStream(stream).cases[0]?.output, expected)
      },
    ),
  )
})

test('a line of another program ends what counts', () => {
  const { problem, cases, isComplete } = readCheckStream(Buffer.from(STREAM.replace('ok 1 one', 'Segmentation fault')))
  assert.deepEqual([problem, cases.length, isComplete], ['Segmentation fault', 1, false])
  const after = readCheckStream(Buffer.from(`${STREAM}logout\n`))
  assert.deepEqual([after.problem, after.isComplete], [null, true])
  assert.equal(readCheckStream(Buffer.from('bash: no such file\n')).planned, null)
})

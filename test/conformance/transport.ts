/** What every transport must do (harness/transport/command/contract.ts), whatever the other side does. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Command, Transport } from '#harness/transport/command/contract.ts'

export interface TransportUnderTest {
  readonly name: string
  /** Connect. Each test closes what it opened. */
  readonly open: () => Promise<Transport>
  /** Seconds in which a command has surely begun. */
  readonly begunSeconds: number
  /** Send a signal to a process of the other side. */
  readonly kill: (pid: number, signal: 'TERM' | 'KILL') => Promise<unknown>
  /** A folder that the commands can write to and this test can read. */
  readonly folder: () => string
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Run the suite. */
export function testTransport({ name, open, folder, begunSeconds, kill }: TransportUnderTest): void {
  const it = (what: string, work: (run: typeof runOn, transport: Transport) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      const transport = await open()
      try {
        await work((...args) => runOn(...args), transport)
      } finally {
        await transport.close()
      }
    })

  async function runOn(transport: Transport, argv: readonly string[], more: Partial<Command> = {}) {
    const out: Buffer[] = []
    const errors: Buffer[] = []
    const end = await transport.run({
      argv,
      limitSeconds: 30,
      onOutput: (chunk) => void out.push(chunk),
      onError: (chunk) => void errors.push(chunk),
      ...more,
    })
    return { end, out: Buffer.concat(out), errors: Buffer.concat(errors).toString() }
  }
  const sh = (script: string): string[] => ['sh', '-c', script]

  it('output comes in order, standard error apart', async (run, transport) => {
    const { end, out, errors } = await run(transport, sh('seq 1 20000; echo problem >&2'))
    assert.deepEqual(end, { kind: 'exited', code: 0 })
    assert.equal(out.toString(), Array.from({ length: 20_000 }, (_, n) => `${n + 1}\n`).join(''))
    assert.equal(errors, 'problem\n')
  })

  it('exit codes and signals are those of the command', async (run, transport) => {
    for (const code of [0, 1, 42, 126, 127, 255]) {
      assert.deepEqual((await run(transport, sh(`exit ${code}`))).end, { kind: 'exited', code })
    }
    for (const signal of ['KILL', 'TERM', 'SEGV']) {
      assert.deepEqual((await run(transport, sh(`kill -s ${signal} $$`))).end, { kind: 'signalled', signal })
    }
  })

  it('arguments and input arrive byte for byte', async (run, transport) => {
    const args = ['', ' ', "it's", '"$HOME"', '`id`', 'a\nb', '\\', '*', '-n', '~', 'ä', '!x', '%s', ';#&|<>(){}[]', '\t\r']
    const { out } = await run(transport, ['printf', '%s\\0', ...args])
    assert.deepEqual(out.toString().split('\0').slice(0, -1), args)
    const bytes = Buffer.from(Array.from({ length: 1 << 20 }, (_, n) => (n * 7 + (n >> 8)) & 255))
    assert.ok((await run(transport, ['cat'], { input: bytes })).out.equals(bytes))
    assert.equal((await run(transport, ['cat'])).out.length, 0)
  })

  it('100 MB come through whole', async (run, transport) => {
    const hash = createHash('sha256')
    let bytes = 0
    const onOutput = (chunk: Buffer): void => {
      hash.update(chunk)
      bytes += chunk.length
    }
    const { end } = await run(transport, sh('head -c 100000000 /dev/zero | tr "\\0" x'), { onOutput, limitSeconds: 120 })
    assert.deepEqual(end, { kind: 'exited', code: 0 })
    const expected = createHash('sha256').update(Buffer.alloc(100_000_000, 'x')).digest('hex')
    assert.deepEqual([bytes, hash.digest('hex')], [100_000_000, expected])
  })

  it('a reader that waits holds up the command', async (run, transport) => {
    const marker = join(folder(), `done-${name}`)
    let isFirst = true
    const { end } = await run(transport, sh(`head -c 50000000 /dev/zero; touch '${marker}'`), {
      onOutput: async () => {
        if (!isFirst) return
        isFirst = false
        for (let turn = 0; turn < 2000; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        assert.equal(await exists(marker), false, 'it wrote 50 MB that nobody read')
      },
    })
    assert.equal(end.kind, 'exited')
    assert.equal(await exists(marker), true)
  })

  it('an error of the reader is passed on', async (run, transport) => {
    const onOutput = (): never => {
      throw new Error('the reader broke')
    }
    await assert.rejects(run(transport, ['yes'], { onOutput }), /the reader broke/)
    assert.deepEqual((await run(transport, ['true'])).end, { kind: 'exited', code: 0 })
  })

  it('a command that hangs is given up by each of its limits', async (run, transport) => {
    const hang = await run(transport, ['sleep', '1000'], { limitSeconds: begunSeconds })
    assert.deepEqual(hang.end, { kind: 'timed-out', limit: 'limit', seconds: begunSeconds })
    const silent = await run(transport, sh('echo hello; sleep 1000'), { silenceSeconds: begunSeconds })
    assert.deepEqual(silent.end, { kind: 'timed-out', limit: 'silence', seconds: begunSeconds })
    assert.equal(silent.out.toString(), 'hello\n')
    const held = await run(transport, ['cat'], { holdsInput: true, input: Buffer.from('x'), limitSeconds: begunSeconds })
    assert.deepEqual([held.end.kind, held.out.toString()], ['timed-out', 'x'])
    assert.deepEqual((await run(transport, ['true'])).end, { kind: 'exited', code: 0 })
  })

  it('a command that was given up sees the end of its input', async (run, transport) => {
    const marker = join(folder(), `told-${name}`)
    // In a session of its own, which no signal of the transport reaches.
    const { end } = await run(transport, ['setsid', '--wait', ...sh(`cat >/dev/null; touch '${marker}'`)], {
      holdsInput: true,
      limitSeconds: begunSeconds,
    })
    assert.equal(end.kind, 'timed-out')
    while (!(await exists(marker))) await new Promise((resolve) => setImmediate(resolve))
  })

  it('a child that holds the output open holds up nobody', async (run, transport) => {
    const started = performance.now()
    const { end, out } = await run(transport, sh('sleep 1000 & echo $!'))
    assert.deepEqual(end, { kind: 'exited', code: 0 })
    assert.ok(performance.now() - started < 20_000)
    await kill(Number(out.toString()), 'KILL')
  })

  it('a command that someone kills ends by that signal', async (run, transport) => {
    const { end } = await run(transport, sh('echo $$; exec sleep 1000'), {
      onOutput: (chunk) => void kill(Number(chunk.toString()), 'TERM'),
    })
    assert.deepEqual(end, { kind: 'signalled', signal: 'TERM' })
  })

  it('an aborted signal ends it at once', async (run, transport) => {
    const controller = new AbortController()
    const { end } = await run(transport, sh('echo begin; exec sleep 1000'), {
      onOutput: () => controller.abort(),
      signal: controller.signal,
    })
    assert.deepEqual(end, { kind: 'aborted' })
    assert.deepEqual((await run(transport, ['true'], { signal: AbortSignal.abort() })).end, { kind: 'aborted' })
  })

  it('a transport that is closed loses its commands', async (run, transport) => {
    const { end } = await run(transport, sh('echo begin; exec sleep 1000'), { onOutput: () => void transport.close() })
    assert.equal(end.kind, 'lost')
  })

  it('a full disk is an exit of the command', async (run, transport) => {
    const { end, errors } = await run(transport, sh('echo text >/dev/full'))
    assert.equal(end.kind, 'exited')
    assert.match(errors, /No space left|I\/O error/)
    assert.notDeepEqual(end, { kind: 'exited', code: 0 })
  })

  it('eight commands at once keep their output apart', async (run, transport) => {
    const numbers = Array.from({ length: 8 }, (_, n) => n)
    const all = await Promise.all(numbers.map((n) => run(transport, sh(`for i in $(seq 500); do echo ${n}; done; exit ${n}`))))
    for (const n of numbers) {
      assert.deepEqual(all[n]?.end, { kind: 'exited', code: n })
      assert.equal(all[n]?.out.toString(), `${n}\n`.repeat(500))
    }
  })

  it('a program that is not there is told', async (run, transport) => {
    const { end } = await run(transport, ['/nonexistent/program'])
    assert.notDeepEqual(end, { kind: 'exited', code: 0 })
    assert.ok(end.kind === 'exited' || end.kind === 'lost', JSON.stringify(end))
  })
}

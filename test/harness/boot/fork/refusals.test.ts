/** What cannot be forked is refused with a reason, and a fork server that says nothing is given up, in bounded time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { InfraError } from '#domain/errors.ts'
import { ask, buildField, buildWorkbench, startForkee, type Forkee, type ForkeeOptions, type Workbench } from './forkee.ts'

let bench: Workbench

before(async () => {
  bench = await buildWorkbench()
})
after(() => bench.remove())

/** A forkee that ends with the test. */
async function start(t: TestContext, options: ForkeeOptions): Promise<Forkee> {
  const server = await startForkee(bench, options)
  t.after(server.close)
  return server
}

const refused =
  (message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof InfraError && message.test(error.message)

describe('a server refuses to fork', () => {
  /** forkee.c has two eventfds and three threads of its own. */
  const REASONS: readonly (readonly [name: string, count: number, reason: RegExp])[] = [
    ['eventfd', 63, /^it has more than 64 eventfds$/],
    ['eventfd twice', 1, /^one of its eventfds is open twice$/],
    ['pipe', 1, /^it has a descriptor of a kind unknown here: pipe:\[\d+\]$/],
    ['epoll', 1, /^it has a descriptor of a kind unknown here: anon_inode:\[eventpoll\]$/],
    ['shared memory', 1, /^it has memory that its children would share$/],
    ['thread', 62, /^it has more than 64 threads$/],
    ['unseen thread', 1, /^it has a thread that pthread_create\(\) did not make$/],
    ['deaf thread', 1, /^a thread did not park$/],
    ['robust mutex', 1, /^a thread holds a robust mutex$/],
    ['timer', 1, /^it has timers, which a child would not have$/],
    ['alarm', 1, /^it has timers, which a child would not have$/],
    ['signal', 1, /^it has taken the signal that parks its threads$/],
  ]
  for (const [name, count, reason] of REASONS) {
    test(`that has what no child can have for its own: ${count} × ${name}`, async (t) => {
      const server = await start(t, { trait: [name, count] })
      await server.children.loaded(10_000)
      await assert.rejects(server.children.check(), refused(reason))
      // It is asked in vain, and goes on.
      server.agent.write('quit 7\n')
      assert.deepEqual(await once(server.process, 'exit'), [7, null])
    })
  }

  /** The first word of a descriptor is part of its own address; a number has 32 bits and is one. */
  for (const field of ['32,1,0', '64,1,0', '32,2,0', '0,0,0']) {
    test(`whose C library says that a thread's number is at ${field}`, async (t) => {
      const server = await start(t, { behind: await buildField(field) })
      await server.children.loaded(10_000)
      await assert.rejects(server.children.check(), refused(/^the C library does not tell where it keeps a thread's number$/))
      server.agent.write('quit 7\n')
      assert.deepEqual(await once(server.process, 'exit'), [7, null])
    })
  }

  test('that is asked for a child, with the same reason', async (t) => {
    const server = await start(t, { trait: ['pipe', 1] })
    await assert.rejects(server.fork('refused'), refused(/^QEMU did not fork: it has a descriptor of a kind unknown here/))
    await server.children.gone()
  })

  test('when the kernel gives no descriptor of the child, and forks when it does', async (t) => {
    const server = await start(t, { trait: ['no pidfd', 1] })
    await server.children.check()
    await assert.rejects(server.fork('refused'), refused(/^QEMU did not fork: fork: Too many open files$/))
    await server.children.check()
  })
})

test('a child whose end the kernel does not tell is gone all the same', async (t) => {
  const server = await start(t, { trait: ['unknown end', 1] })
  const child = await server.fork('lost')
  assert.deepEqual(await child.kill(), { code: null, signal: null, stderr: 'the fork server lost its child' })
  await server.children.gone()
})

describe('a server forks as long as its tables hold', () => {
  test('62 eventfds beside its own two', async (t) => {
    const server = await start(t, { trait: ['eventfd', 62] })
    const child = await server.fork('full')
    assert.match(await ask(child.agent), /^1 answered, 1 counted, itself/)
  })

  test('61 threads beside its own three, and again once there are no more', async (t) => {
    const server = await start(t, { trait: ['thread', 61] })
    assert.match(await ask((await server.fork('full')).agent), /^1 answered, 1 counted, itself/)
    // It makes one more, and waits for its end.
    assert.match(await ask(server.agent), /^1 answered, 1 counted, itself, threads/)
    assert.match(await ask((await server.fork('again')).agent), /^2 answered, 2 counted, itself/)
  })
})

describe('a server that says nothing is given up', () => {
  const LIMIT_MS = 300

  test('because there is no library in it', async (t) => {
    const server = await start(t, { library: null })
    await assert.rejects(server.children.loaded(LIMIT_MS), refused(/^the library is not loaded$/))
  })

  for (const [what, damage] of [
    ['is cut short', (file: string) => truncate(file, 1000)],
    ['is empty', (file: string) => truncate(file, 0)],
    ['is something else', (file: string) => writeFile(file, 'no library')],
  ] as const) {
    test(`because its library ${what}`, async (t) => {
      const library = join(bench.folder, `library that ${what}`)
      await copyFile(bench.library, library)
      await damage(library)
      const server = await start(t, { library })
      await assert.rejects(server.children.loaded(LIMIT_MS), refused(/^the library is not loaded$|^the fork server is gone$/))
    })
  }

  test('when it is stopped before a fork: the fork fails, and the server is killed', async (t) => {
    const server = await start(t, { answerMs: LIMIT_MS })
    await server.children.check()
    const exit = once(server.process, 'exit')
    server.process.kill('SIGSTOP')
    await assert.rejects(server.fork('none'), refused(/^QEMU did not fork: the fork server does not answer$/))
    assert.deepEqual(await exit, [null, 'SIGKILL'])
    await server.children.gone()
  })

  test('when it is stopped before a child is killed: the child goes with it', async (t) => {
    const server = await start(t, { answerMs: LIMIT_MS })
    const child = await server.fork('one')
    server.process.kill('SIGSTOP')
    const { signal, stderr } = await child.kill()
    assert.deepEqual([signal, stderr], ['SIGKILL', 'the fork server does not answer'])
    await server.children.gone()
    await assert.rejects(server.children.check(), InfraError)
  })
})

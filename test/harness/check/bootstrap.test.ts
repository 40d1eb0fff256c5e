/** The shell script that takes kwitness-check on another machine, with each shell that is here. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { BOOTSTRAP } from '#harness/check/bootstrap.ts'

const SHELLS = [['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([name = '']) => spawnSync(name, ['-c', ':']).status === 0,
)
const NAME = '.kwitness-bootstrap'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kwitness-bootstrap-'))
  // One with a blank, as homes of some directories are.
  for (const name of ['first one', 'second']) await mkdir(join(folder, name))
})
after(() => rm(folder, { recursive: true, force: true }))

/** Feed a program to the script, all but `short` bytes of it, and leave its input open until it ends. */
async function feed([shell = '', ...options]: readonly string[], program: string, short = 0) {
  const words = [...options, '-c', BOOTSTRAP, 'sh', NAME, String(program.length), '--cases', 'a b']
  const env = { PATH: process.env['PATH'], TMPDIR: join(folder, 'first one'), HOME: join(folder, 'second') }
  const child = spawn(shell, words, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const said = { out: '', errors: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.errors += chunk.toString()))
  child.stdin.on('error', () => undefined)
  child.stdin.write(program.slice(0, program.length - short))
  if (short > 0) child.stdin.end()
  const [code] = (await once(child, 'close')) as [number | null]
  const places = ['/tmp', '/var/tmp', '/dev/shm', join(folder, 'first one'), join(folder, 'second')]
  const names = await Promise.all(places.map((place) => readdir(place)))
  assert.deepEqual(
    places.filter((_, n) => names[n]?.includes(NAME)),
    [],
    'nothing is left',
  )
  return { code, ...said }
}

/** A program that runs nowhere but in these folders, of which its shell knows nothing. */
const only = (places: string): string => `#!/bin/sh\ncase $0 in ${places}) echo "$0 $*"; exit 3;; esac\nexit 126\n`

for (const shell of SHELLS) {
  test(`${shell.join(' ')}: the program runs in the first folder that lets it, with its options`, async () => {
    const { code, out, errors } = await feed(shell, only('*'))
    const file = join(folder, 'first one', NAME, 'program')
    assert.deepEqual([code, out, errors], [3, `${file} --remove ${file} --lifeline --cases a b\n`, ''])
  })

  test(`${shell.join(' ')}: where only running it tells that nothing runs in a folder, it moves on`, async () => {
    const { code, out } = await feed(shell, only('*/second/*'))
    assert.deepEqual([code, out.split(' ')[0]], [3, join(folder, 'second', NAME, 'program')])
    const nowhere = await feed(shell, only('/nowhere'))
    assert.equal(nowhere.code, 74)
    assert.match(
      nowhere.errors,
      /no folder takes a program; .*first one: nothing runs there \(noexec\);.*second: nothing runs there/,
    )
  })

  test(`${shell.join(' ')}: a program that does not come whole does not run`, async () => {
    const { code, out, errors } = await feed(shell, only('*'), 1)
    assert.deepEqual([code, out, errors], [76, '', 'the program did not come whole\n'])
  })
}

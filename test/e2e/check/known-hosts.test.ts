/** Machines are authenticated by ssh itself, strictly, whatever the user's configuration says. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createSshTransport, writeSshConfig } from '#harness/transport/command/ssh.ts'
import { runCommand } from '#harness/support/process.ts'
import { makeKey, SSHD, startServer, WITHOUT_PENALTIES, type Server } from './sshd.ts'

let folder = ''
let server: Server
let other = ''
let key = ''

/** The known_hosts of a situation, by host key `k` of the server, port `p`, and another key `o`; and whether it lets us in. */
interface Keys {
  readonly k: string
  readonly o: string
  readonly p: number
}
type Situation = readonly [what: string, lines: (keys: Keys) => readonly string[], letsIn: boolean, config?: readonly string[]]

const SITUATIONS: readonly Situation[] = [
  ['its name', ({ k }) => [`target ${k}`], true],
  ['another name', ({ k }) => [`elsewhere ${k}`], false],
  ['nothing at all', () => [], false],
  ['another key', ({ o }) => [`target ${o}`], false],
  ['both keys', ({ k, o }) => [`target ${o}`, `target ${k}`], true],
  ['its name among others', ({ k }) => [`one,target,two ${k}`], true],
  ['a pattern', ({ k }) => [`tar* ${k}`], true],
  ['a pattern with ?', ({ k }) => [`targe? ${k}`], true],
  ['a pattern of another length', ({ k }) => [`targe?? ${k}`], false],
  ['a pattern that is negated', ({ k }) => [`*,!target ${k}`], false],
  ['a negated pattern of others', ({ k }) => [`*,!other ${k}`], true],
  ['a star alone', ({ k }) => [`* ${k}`], true],
  ['another case', ({ k }) => [`TARGET ${k}`], true],
  ['a comment behind', ({ k }) => [`target ${k} somebody@somewhere`], true],
  ['comments and blank lines', ({ k }) => ['# a comment', '', `  target ${k}`], true],
  ['a line that is commented out', ({ k }) => [`#target ${k}`], false],
  ['revoked', ({ k }) => [`@revoked target ${k}`], false],
  ['known and revoked', ({ k }) => [`target ${k}`, `@revoked * ${k}`], false],
  ['another key revoked', ({ k, o }) => [`target ${k}`, `@revoked * ${o}`], true],
  ['revoked for another machine', ({ k }) => [`target ${k}`, `@revoked elsewhere ${k}`], true],
  ['a marker that is not known', ({ k }) => [`@trusted target ${k}`], false],
  ['its key as an authority', ({ k }) => [`@cert-authority target ${k}`], false],
  ['a type that is not the key’s', ({ k }) => [`target ssh-rsa ${k.split(' ')[1] ?? ''}`], false],
  ['a key that is cut', ({ k }) => [`target ${k.slice(0, -8)}`], false],
  ['no key', () => ['target'], false],
  ['a blank for a tab', ({ k }) => [`target\t${k.replace(' ', '\t')}`], true],
  ['carriage returns', ({ k }) => [`target ${k}\r`], true],
  ['the address, which an alias replaces', ({ k }) => [`127.0.0.1 ${k}`], false],
  ['a user configuration that checks nothing', () => [], false, ['StrictHostKeyChecking no']],
  ['a user configuration that accepts new keys', () => [], false, ['StrictHostKeyChecking accept-new']],
  ['a user configuration that checks nothing, and another key', ({ o }) => [`target ${o}`], false, ['StrictHostKeyChecking off']],
  ['no alias: address and port', ({ k, p }) => [`[127.0.0.1]:${p} ${k}`], true, ['HostKeyAlias none']],
  ['no alias: address alone', ({ k }) => [`127.0.0.1 ${k}`], true, ['HostKeyAlias none']],
  ['no alias: another port', ({ k }) => [`[127.0.0.1]:1 ${k}`], false, ['HostKeyAlias none']],
  ['no alias: a pattern for the port', ({ k }) => [`[127.0.0.1]:* ${k}`], true, ['HostKeyAlias none']],
  ['the second file', ({ k }) => [`target ${k}`], true, ['UserKnownHostsFile /dev/null %FILE%']],
  ['a file that is not there', ({ k }) => [`target ${k}`], false, ['UserKnownHostsFile /nonexistent']],
  ['the file of the system', ({ k }) => [`target ${k}`], true, ['UserKnownHostsFile none', 'GlobalKnownHostsFile %FILE%']],
  ['only algorithms that it has no key of', ({ k }) => [`target ${k}`], false, ['HostKeyAlgorithms rsa-sha2-512']],
  ['a command that knows it', () => [], true, ['KnownHostsCommand /bin/echo target %KEY%']],
  ['a command that fails', ({ k }) => [`target ${k}`], false, ['KnownHostsCommand /bin/false']],
]

if (SSHD === null) test('known_hosts', { skip: 'needs root and openssh-server' })
else {
  before(async () => {
    folder = await mkdtemp('/var/tmp/kw-known-')
    key = await makeKey(join(folder, 'key'))
    server = await startServer(folder, key, { name: 'server', config: ['PerSourceMaxStartups none', ...WITHOUT_PENALTIES] })
    other = await makeKey(join(folder, 'other'))
  })
  after(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Connect with this known_hosts, by kwitness and by OpenSSH alone: whether each is let in, and what kwitness said. */
  async function connectBoth(lines: readonly string[], more: readonly string[], isHashed = false) {
    const known = join(await mkdtemp(join(folder, 'case-')), 'known_hosts')
    await writeFile(known, lines.map((line) => `${line}\n`).join(''))
    if (isHashed) await runCommand('ssh-keygen', ['-q', '-H', '-f', known])
    const written = await readFile(known, 'utf8')
    const own = `${known}.config`
    const fill = (line: string): string => line.replace('%FILE%', known).replace('%KEY%', server.hostKey)
    const config = [
      'Host target',
      ...more.map(fill),
      'HostName 127.0.0.1',
      `Port ${server.port}`,
      'User root',
      'IdentitiesOnly yes',
      `IdentityFile ${join(folder, 'key')}`,
      ...(more.some((line) => line.startsWith('HostKeyAlias')) ? [] : ['HostKeyAlias target']),
      `UserKnownHostsFile ${known}`,
      'GlobalKnownHostsFile /dev/null',
    ].filter((line) => line !== 'HostKeyAlias none')
    await writeFile(own, `${config.join('\n')}\n`)
    const forced = await writeSshConfig(own)
    const transport = createSshTransport({ host: 'target' }, forced)
    try {
      const [ours, theirs] = await Promise.all([
        transport.run({ argv: ['true'], limitSeconds: 30, onOutput: () => undefined }),
        runCommand('ssh', ['-F', own, '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', 'target', 'true'], {
          anyExit: true,
        }),
      ])
      assert.equal(await readFile(known, 'utf8'), written, 'known_hosts is as it was')
      return { ours: ours.kind === 'exited' && ours.code === 0, theirs: theirs.exitCode === 0, said: JSON.stringify(ours) }
    } finally {
      await transport.close()
      await forced.remove()
    }
  }

  const keys = (): Keys => ({ k: server.hostKey, o: other, p: server.port })

  test('in each situation kwitness is let in where OpenSSH is, and nowhere else', { concurrency: true }, async (t) => {
    const all = SITUATIONS.map(([what, lines, letsIn, more = []]) =>
      t.test(what, async () => {
        const { ours, theirs, said } = await connectBoth(lines(keys()), more)
        assert.deepEqual([ours, theirs], [letsIn, letsIn], said)
      }),
    )
    await Promise.all(all)
  })

  test('hashed names count as their plain ones do', async () => {
    assert.deepEqual(await connectBoth([`target ${server.hostKey}`], [], true).then(({ ours, theirs }) => [ours, theirs]), [
      true,
      true,
    ])
    assert.deepEqual(await connectBoth([`other ${server.hostKey}`], [], true).then(({ ours, theirs }) => [ours, theirs]), [
      false,
      false,
    ])
  })

  test('a host certificate counts by its authority, its names and its time', async () => {
    const authority = await makeKey(join(folder, 'authority'))
    const host = join(folder, 'server', 'host')
    const sign = (more: readonly string[]) =>
      runCommand('ssh-keygen', ['-q', '-s', join(folder, 'authority'), '-I', 'id', '-h', ...more, `${host}.pub`])
    const cases: readonly (readonly [more: readonly string[], line: string, letsIn: boolean])[] = [
      [['-n', 'target'], `@cert-authority tar* ${authority}`, true],
      [['-n', 'target'], `@cert-authority elsewhere ${authority}`, false],
      [['-n', 'elsewhere'], `@cert-authority * ${authority}`, false],
      [['-n', 'target', '-V', '20200101:20200102'], `@cert-authority * ${authority}`, false],
      [['-n', 'target'], `@cert-authority * ${other}`, false],
    ]
    for (const [more, line, letsIn] of cases) {
      await sign(more)
      const certified = await startServer(folder, key, {
        name: `certified-${Math.floor(performance.now())}`,
        config: [`HostKey ${host}`, `HostCertificate ${host}-cert.pub`],
      })
      const plain = server
      server = certified
      try {
        const { ours, theirs, said } = await connectBoth([line], ['HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com'])
        assert.deepEqual([ours, theirs], [letsIn, letsIn], `${more.join(' ')} ${line}: ${said}`)
      } finally {
        server = plain
        await certified.stop()
      }
    }
  })
}

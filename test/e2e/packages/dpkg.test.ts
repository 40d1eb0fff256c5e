/** What the package of a machine's kernel lists is the claim that its verdicts are held against. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { release, tmpdir, version } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { runCommand } from '#harness/support/process.ts'
import { kernelOfHost } from '#run/check/kernel.ts'
import { newPlace, readReport, runCli, type Place } from '#test/helpers/cli.ts'
import { writeFleet } from '../check/fleet-config.ts'
import { makeKey, SSHD, startServer, type Server } from '../check/sshd.ts'
import { claimsOf, makeCatalogue, SUBJECT } from './catalogue.ts'

/** Installs the package as dpkg does, where only the server sees it. */
const SETUP = [
  'mkdir /run/dpkg && cp -a /var/lib/dpkg/. /run/dpkg/ && mount --bind /run/dpkg /var/lib/dpkg',
  'mount -t tmpfs doc /usr/share/doc',
  'dpkg --log=/dev/null "--path-include=/usr/share/doc/*" -i /run/own/kernel.deb >/dev/null',
].join('\n')

let folder = ''
let place: Place & { readonly remove: () => Promise<void> }
let server: Server | undefined
let config = ''

/** A package of the kernel that runs here, with a changelog that lists the fix of the cases. */
async function buildPackage(path: string): Promise<void> {
  const kernel = kernelOfHost('', { release: release(), build: version(), machine: 'x86_64' })
  const root = join(folder, 'package')
  const name = `linux-modules-${release()}`
  const doc = join(root, 'usr/share/doc', name)
  await mkdir(doc, { recursive: true })
  await mkdir(join(root, 'DEBIAN'))
  const control = [`Package: ${name}`, `Version: 1:${kernel?.version}-1`, 'Architecture: all', 'Maintainer: a <a@example.org>']
  await writeFile(join(root, 'DEBIAN/control'), `${[...control, 'Description: a test'].join('\n')}\n`)
  const changes = ['  * New upstream stable update:', `    https://example.org/ChangeLog-${kernel?.version}`, `    - ${SUBJECT}`]
  const text = [
    `linux (${kernel?.version}-1) stable; urgency=medium`,
    '',
    ...changes,
    '',
    ' -- a <a@example.org>  Mon, 02 Nov 2026',
  ]
  await writeFile(join(doc, 'changelog.Debian.gz'), gzipSync(`${text.join('\n')}\n`))
  await runCommand('dpkg-deb', ['--root-owner-group', '-b', root, path])
}

if (SSHD === null) test('the changelog of a machine', { skip: 'needs root and openssh-server' })
else {
  before(async () => {
    place = await newPlace()
    folder = await mkdtemp(join(tmpdir(), 'check-changelog-'))
    await mkdir(join(folder, 'server'))
    await buildPackage(join(folder, 'server', 'kernel.deb'))
    const key = await makeKey(join(folder, 'key'))
    server = await startServer(folder, key, { name: 'server', setup: SETUP, bashrc: 'echo hello' })
    const { port, hostKey } = server
    config = await writeFleet(
      folder,
      ['db1', 'db2'].map((name) => ({ name, port, known: hostKey })),
    )
  })
  after(async () => {
    await server?.stop()
    await place.remove()
    await rm(folder, { recursive: true, force: true })
  })

  test('a fix that its package lists and its kernel lacks is a finding, with the line behind it', async () => {
    const catalogue = await makeCatalogue(folder)
    const words = ['--host', 'db1', '--host', 'db2', '--ssh-config', config, '--catalogue', catalogue, '--out', place.out]
    const checked = await runCli(place, ['check', ...words, '--json'])
    assert.equal(checked.code, 1, checked.stderr)
    const report = readReport(checked)
    const own = claimsOf(report).filter(([id]) => id === 'seen')
    assert.equal(own.length, 2)
    for (const [, claim, finding, source] of own) {
      assert.deepEqual([claim, finding], ['listed', 'listed-still-affected'])
      const installed = `linux-modules-${release()} 1:`
      assert.ok(source?.startsWith(`the changelog of ${installed}`) && source.includes(` on db1: linux (`), source)
      assert.ok(source?.endsWith(`"${SUBJECT}"`), source)
    }
    const others = claimsOf(report).filter(([id]) => id === 'unseen')
    for (const [, claim] of others) assert.equal(claim, 'unknown')
    assert.deepEqual(report.caseContradictions, [])
    // The stored run says the same.
    const again = await runCli(place, ['report', '--json'])
    assert.deepEqual(claimsOf(readReport(again)), claimsOf(report))
  })
}

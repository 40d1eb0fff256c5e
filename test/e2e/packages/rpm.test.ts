/** A kernel out of an rpm: its changelog, read by a real rpm from a real database over ssh, is what verdicts are held against. */
import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { newPlace, readReport, runCli, type Place } from '#test/helpers/cli.ts'
import { writeFleet } from '../check/fleet-config.ts'
import { makeKey, SSHD, startServer, type Server } from '../check/sshd.ts'
import { claimsOf, makeCatalogue, SUBJECT } from './catalogue.ts'
import { buildKernelRpm, environmentOf, findRpm } from './rpm.ts'

/** Of the kernel that runs here, as vendors number their packages. */
const VERSION = release().replace(/[^\d.].*$/, '')
/** As Red Hat's kernels have it: who sent the change, its ticket and its advisory; a second build below the first one. */
const CHANGELOG = [
  `* Mon Nov 02 2026 A Maintainer <a@example.org> [${VERSION}-503.2.1.el9_5]`,
  `- ${SUBJECT} (Another Maintainer) [RHEL-8594] {CVE-2026-1}`,
  '- mm/test: with a subject that is so long that the changelog breaks it and goes',
  '  on below (Another Maintainer) [RHEL-1 RHEL-2]',
  '',
  `* Mon Oct 26 2026 A Maintainer <a@example.org> [${VERSION}-503.1.1.el9_5]`,
  '- redhat: an older build (A Maintainer) [RHEL-3]',
].join('\n')

const rpm = SSHD === null ? { why: 'needs root and openssh-server' } : await findRpm()

if ('why' in rpm) test('the changelog of an rpm', { skip: rpm.why })
else {
  let folder = ''
  let place: Place & { readonly remove: () => Promise<void> }
  let server: Server | undefined
  let config = ''

  before(async () => {
    place = await newPlace()
    folder = await mkdtemp(join(tmpdir(), 'check-rpm-'))
    await mkdir(join(folder, 'server'))
    const kernel = { name: 'kernel-core', version: VERSION, release: '503.2.1.el9_5', kernel: release(), changelog: CHANGELOG }
    await copyFile(await buildKernelRpm(rpm.root, folder, kernel), join(folder, 'server', 'kernel.rpm'))
    // The server alone sees the program, its database and the files of the package.
    const setup = [
      'mount -t tmpfs boot /boot',
      'mount -t tmpfs programs /usr/local/bin',
      "cat > /usr/local/bin/rpm <<'END'",
      '#!/bin/sh',
      environmentOf(rpm.root),
      `exec '${join(rpm.root, 'usr/bin/rpm')}' --dbpath /run/own/rpmdb "$@"`,
      'END',
      'chmod 755 /usr/local/bin/rpm',
      '/usr/local/bin/rpm --install --nodeps --nosignature /run/own/kernel.rpm',
    ].join('\n')
    const key = await makeKey(join(folder, 'key'))
    server = await startServer(folder, key, { name: 'server', setup, bashrc: 'export PATH=/usr/local/bin:$PATH' })
    const { port, hostKey } = server
    config = await writeFleet(folder, [{ name: 'db1', port, known: hostKey }])
  })
  after(async () => {
    await server?.stop()
    await place.remove()
    await rm(folder, { recursive: true, force: true })
  })

  test('a fix that the rpm lists and its kernel lacks is a finding, with the line behind it', async () => {
    assert.match(
      (await server?.inside('/usr/local/bin/rpm -q --changelog kernel-core')) ?? '',
      /^\* Mon Nov 02 2026 A Maintainer/,
    )
    const catalogue = await makeCatalogue(folder)
    const words = ['--host', 'db1', '--ssh-config', config, '--catalogue', catalogue, '--out', place.out]
    const checked = await runCli(place, ['check', ...words, '--json'])
    assert.equal(checked.code, 1, checked.stderr)
    const report = readReport(checked)
    assert.deepEqual(claimsOf(report), [
      [
        'seen',
        'listed',
        'listed-still-affected',
        `the changelog of kernel-core ${VERSION}-503.2.1.el9_5 on db1: linux (${VERSION}-503.2.1.el9_5), "${SUBJECT}"`,
      ],
      [
        'unseen',
        'unknown',
        ...(claimsOf(report)
          .find(([id]) => id === 'unseen')
          ?.slice(2) ?? []),
      ],
    ])
    const again = await runCli(place, ['report', '--json'])
    assert.deepEqual(claimsOf(readReport(again)), claimsOf(report))
  })
}

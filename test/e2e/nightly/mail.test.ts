/** A notice goes out by a real sendmail, msmtp of Debian, to an SMTP server on this machine. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { runCommand } from '#harness/support/process.ts'
import { exists, findWorkspace, makeFolder } from '#harness/support/workspace.ts'
import { deliverNotice } from '#run/nightly/deliver.ts'
import { nightlyConfigSchema } from '#schema/nightly/config.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'
import { EVIL, notice, regression } from '#test/helpers/reports/notice.ts'

const PACKAGES = ['msmtp', 'libgsasl18', 'libsecret-1-0', 'libidn12', 'libntlm0', 'libgssglue1']

/** The folder of msmtp and its libraries, unpacked and not installed; null, with the reason, where apt has none. */
async function bringMsmtp(): Promise<{ readonly root: string } | { readonly missing: string }> {
  const place = join(findWorkspace().cache, 'test-packages')
  const root = join(place, 'msmtp')
  if (await exists(root)) return { root }
  await makeFolder(place)
  const folder = await mkdtemp(join(place, 'tmp-'))
  try {
    const { exitCode, stderr } = await runCommand('apt-get', ['download', ...PACKAGES], { cwd: folder, anyExit: true })
    if (exitCode !== 0) return { missing: `apt-get download: ${stderr.trim().split('\n').at(-1)}` }
    for (const name of await readdir(folder)) await runCommand('dpkg', ['-x', name, 'root'], { cwd: folder })
    await rename(join(folder, 'root'), root).catch(() => undefined)
    return { root }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('sendmail takes the recipients from the header, and hostile titles add none', async (t) => {
  const msmtp = await bringMsmtp()
  if ('missing' in msmtp) return t.skip(msmtp.missing)
  const got: { readonly recipients: readonly string[]; readonly raw: Buffer }[] = []
  let refusals = 1
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onMailFrom: (_address, _session, done) => {
      if (refusals-- > 0) return done(Object.assign(new Error('busy, try again later'), { responseCode: 451 }))
      done()
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        got.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks) })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()))
  t.after(() => server.close())
  const config = join(await temporaryFolder(t), 'msmtprc')
  const { port } = server.server.address() as AddressInfo
  await writeFile(config, `account default\nhost 127.0.0.1\nport ${port}\nauth off\ntls off\nfrom ci@example.org\n`)
  const library = `LD_LIBRARY_PATH=${join(msmtp.root, 'usr/lib/x86_64-linux-gnu')}`
  const sendmail = ['env', library, join(msmtp.root, 'usr/bin/msmtp'), '-C', config, '-t', '-i']
  const to = ['Käthe <kaethe@example.org>', 'team@example.org']
  const { notify } = nightlyConfigSchema.parse({
    notify: { to: [{ kind: 'mail', from: 'kwitness <ci@example.org>', to, sendmail }] },
  })
  const notes: string[] = []
  const given = notice({ diff: regression(`${EVIL}\n.\nQUIT\n`), problems: ['.', EVIL] })
  await deliverNotice(notify.to[0]!, given, { tries: 3, backoffMs: 1, note: (text) => void notes.push(text) })
  assert.match(notes.join('\n'), /^mail did not take the notice: exit code 69: .*; trying again in 1 s \(1 of 3\)$/)
  assert.equal(got.length, 1)
  assert.deepEqual([...got[0]!.recipients], ['kaethe@example.org', 'team@example.org'])
  const mail = await PostalMime.parse(got[0]!.raw)
  assert.equal(mail.messageId, '<nightly-2026-11-02-1@example.org>')
  assert.equal(mail.bcc, undefined)
  assert.match(mail.text ?? '', /Problems\n {2}\.\n {2}x Bcc: victim@example\.org/)
})

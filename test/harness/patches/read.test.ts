import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readPatches } from '#harness/patches/read.ts'
import { parseDiff } from '#analysis/patch/diff.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const change = (to: string) => `--- a/main.c\n+++ b/main.c\n@@ -1 +1 @@\n-old\n+${to}\n`
const HASH = 'a759a909d42d727e918bd5248d6cff7562fa8109'

const mail = (subject: string, body: string, more = '') =>
  `From ${HASH} Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nSubject: ${subject}\n${more}\n${body}\n`

async function reader(t: TestContext) {
  const cache = await temporaryFolder(t)
  return async (text: string | Buffer) => readPatches(Buffer.from(text as string), 'it', cache)
}

test('a series comes in the order its subjects number it, without cover letter and answers', async (t) => {
  const mbox = [
    mail('[PATCH v2 0/2] cover', ' main.c | 2 +-\n'),
    mail('[PATCH v2 2/2] second', `Why.\n---\n${change('b')}`),
    mail('Re: [PATCH v2 1/2] first', `> it\n${change('x')}`),
    mail('[PATCH v2 1/2] first of a\n longer subject', `Why.\n---\n${change('a')}`),
  ].join('\n')
  const { patches, notes } = await (await reader(t))(mbox)
  assert.deepEqual(
    patches.map(({ subject }) => subject),
    ['first of a longer subject', 'second'],
  )
  assert.deepEqual(
    patches.map(({ text }) => parseDiff(text)[0]?.hunks[0]?.lines[1]),
    ['+a', '+b'],
  )
  const note = 'it holds a change in an answer, which is left out: "Re: [PATCH v2 1/2] first"'
  assert.deepEqual([patches[0]?.commits, notes], [[HASH], [note]])
})

test('a bare diff, and a file with words above it, is one patch without or with its subject', async (t) => {
  const read = await reader(t)
  const bare = { subject: '', rawSubject: '', commits: [], text: change('a') }
  assert.deepEqual((await read(change('a'))).patches, [bare])
  const [patch] = (await read(`SPDX\n\nSubject: [PATCH 5.10] the thing\n\ncommit ${HASH} upstream.\n\n${change('a')}`)).patches
  assert.deepEqual([patch?.subject, patch?.commits, patch?.text], ['the thing', [HASH], change('a')])
})

test('commits are known by where stable and cherry-pick write them; the zeros of a made-up one are none', async (t) => {
  const words = `[ Upstream commit ${HASH} ]\n(cherry picked from commit 0123456789ab)\n---\n${change('a')}`
  const zeros = mail('[PATCH] x', words).replace(HASH, '0'.repeat(40))
  assert.deepEqual((await (await reader(t))(zeros)).patches[0]?.commits, ['0123456789ab', HASH])
})

test('what mail does to a text is undone: quoted-printable, base64, encoded subjects, carriage returns', async (t) => {
  const read = await reader(t)
  const quoted = mail(
    '=?utf-8?q?caf=C3=A9_?= =?utf-8?b?4pyU?=',
    `--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a=3D1;\n+caf=\n=C3=A9\n`,
    'Content-Transfer-Encoding: quoted-printable\n',
  )
  const [one] = (await read(quoted)).patches
  assert.equal(one?.subject, 'café ✔')
  const utf8 = Buffer.from('+café').toString('latin1')
  assert.deepEqual(parseDiff(one?.text ?? '')[0]?.hunks[0]?.lines, ['-a=1;', utf8])
  const coded = mail('x', Buffer.from(change('b')).toString('base64'), 'Content-Transfer-Encoding: base64\n')
  assert.equal((await read(coded)).patches[0]?.text, change('b'))
  assert.equal((await read(change('a').replaceAll('\n', '\r\n'))).patches[0]?.text, change('a'))
})

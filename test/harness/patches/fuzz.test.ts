/** Whatever a mail looks like: a patch comes out of it byte for byte, or the reader says what is wrong. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { readPatches } from '#harness/patches/read.ts'
import { UserError } from '#domain/errors.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')

/** A line of any bytes but line breaks; one character per byte. */
const line = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d && byte !== 0)).toString('latin1'))

/** One hunk with as many lines as it says. */
const hunk = fc.array(fc.tuple(fc.constantFrom(' ', '-', '+'), line), { minLength: 1, maxLength: 8 }).map((lines) => {
  const count = (letters: string) => lines.filter(([letter]) => letters.includes(letter)).length
  const body = lines.map(([letter, text]) => `${letter}${text}\n`).join('')
  return `@@ -7,${count(' -')} +7,${count(' +')} @@ f(void)\n${body}`
})

const file = fc
  .tuple(fc.constantFrom('mm/a.c', 'fs/b b.c', 'x.h'), fc.boolean(), fc.array(hunk, { minLength: 1, maxLength: 3 }))
  .map(([name, isGit, hunks]) => {
    const head = isGit ? `diff --git a/${name} b/${name}\nindex 1111111..2222222 100644\n` : ''
    return `${head}--- a/${name}\n+++ b/${name}\n${hunks.join('')}`
  })

const patch = fc.array(file, { minLength: 1, maxLength: 3 }).map((files) => files.join(''))

/** Talk before the changes: also indented, quoted and half diffs. */
const talk = fc
  .array(
    fc.constantFrom(
      'Words.',
      '',
      '  diff --git a/mm/a.c b/mm/a.c',
      '  --- a/mm/a.c\n  +++ b/mm/a.c\n  @@ -1 +1 @@\n  -a\n  +b',
      '> --- a/mm/a.c\n> +++ b/mm/a.c\n> @@ -1 +1 @@\n> -a\n> +b',
      'From Linux 5.10 on, in 2026: it is so',
      'Fixes: 123456789abc ("mm: a thing")',
      '*** a/old.c',
    ),
    { maxLength: 6 },
  )
  .map((lines) => lines.map((one) => `${one}\n`).join(''))

type Encoding = '8bit' | 'base64' | 'quoted-printable'

/** Content in a transfer encoding. */
function encoded(text: string, encoding: Encoding): string {
  if (encoding === '8bit') return text
  if (encoding === 'base64') return latin1(text).toString('base64').replaceAll(/.{76}/g, '$&\n')
  const escape = (character: string) => `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  return text
    .replaceAll(/[^\n!-<>-~ ]|=/g, escape)
    .replaceAll(/ $/gm, '=20')
    .replaceAll(/[^\n]{60}(?!\n)(?<!=.?)/g, '$&=\n')
}

const HEAD = 'From: A <a@example.org>\nSubject: [PATCH] a thing\nMIME-Version: 1.0\n'

/** Ways to send a text; each must leave it whole. */
const CONTAINERS: readonly ((text: string, encoding: Encoding) => string)[] = [
  (text, encoding) =>
    `${HEAD}Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: ${encoding}\n\n${encoded(text, encoding)}\n`,
  (text, encoding) => {
    const plain = `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: ${encoding}\n\n${encoded(text, encoding)}`
    const signature = 'Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n'
    return `${HEAD}Content-Type: multipart/signed; boundary="cut 7"\n\n--cut 7\n${plain}\n--cut 7\n${signature}\n--cut 7--\n`
  },
  (text, encoding) => {
    const plain = `Content-Type: text/plain\nContent-Transfer-Encoding: ${encoding}\n\n${encoded(text, encoding)}`
    const html = 'Content-Type: text/html\n\n<pre>\n--- a/mm/a.c\n+++ b/mm/a.c\n@@ -1 +1 @@\n-a\n+b\n</pre>'
    return `${HEAD}Content-Type: multipart/alternative; boundary=cut\n\nMIME.\n--cut\n${plain}\n--cut\n${html}\n--cut--\n`
  },
  (text, encoding) => {
    const words = 'Content-Type: text/plain\n\nSee the file.'
    const named = 'Content-Type: text/x-patch; name="a.patch"\nContent-Disposition: attachment; filename="a.patch"'
    const attached = `${named}\nContent-Transfer-Encoding: ${encoding}\n\n${encoded(text, encoding)}`
    return `${HEAD}Content-Type: multipart/mixed; boundary=cut\n\n--cut\n${words}\n--cut\n${attached}\n--cut--\n`
  },
]

async function reader(t: TestContext) {
  const cache = await temporaryFolder(t)
  return (text: Buffer) => readPatches(text, 'it', cache)
}

test('a patch comes out of every kind of mail byte for byte', async (t) => {
  const read = await reader(t)
  const container = fc.integer({ min: 0, max: CONTAINERS.length - 1 })
  const encoding = fc.constantFrom<Encoding>('8bit', 'base64', 'quoted-printable')
  await fc.assert(
    fc.asyncProperty(patch, talk, container, encoding, fc.boolean(), async (changes, words, kind, how, isMailbox) => {
      const text = `${words}---\n a.c | 2 +-\n\n${changes}-- \n2.40.0\n`
      const mail = CONTAINERS[kind]?.(text, how) ?? ''
      const mailbox = isMailbox ? `From a@example.org Sun Nov 29 15:00:00 2026\n${mail}\n` : mail
      const { patches } = await read(latin1(mailbox))
      assert.deepEqual(
        patches.map((one) => one.text),
        [changes],
      )
    }),
    { numRuns: 60 },
  )
})

test('any bytes are read or refused, and so is any mail that is cut or has lines exchanged', async (t) => {
  const read = await reader(t)
  const piece = fc.constantFrom(
    'From a@example.org Sun Nov 29 15:00:00 2026\n',
    'Subject: [PATCH v2 1/2] x\n',
    'Re: y\n',
    'Content-Type: multipart/mixed; boundary=cut\n',
    'Content-Transfer-Encoding: base64\n',
    '--cut\n',
    '--cut--\n',
    '\n',
    '---\n',
    'diff --git a/x b/x\n',
    '--- a/x\n+++ b/x\n',
    '@@ -1 +1 @@\n',
    '-a\n',
    '+b\n',
    'commit 0123456789abcdef0123456789abcdef01234567\nAuthor: A\n',
    'GIT binary patch\nliteral 3\n',
    '\r\n',
    '\0',
    '\xff\xfe',
  )
  const bytes = fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all).toString('latin1'))
  const text = fc.oneof(
    bytes,
    fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
  )
  await fc.assert(
    fc.asyncProperty(text, async (one) => {
      const found = await read(latin1(one)).catch((error: unknown) => {
        assert.ok(error instanceof UserError, String(error))
        return null
      })
      if (found !== null) assert.ok(found.patches.length > 0 && found.patches.every((patchRead) => patchRead.text.endsWith('\n')))
    }),
    { numRuns: 100 },
  )
})

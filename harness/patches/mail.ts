/** Reads patches out of mails as git am does: git mailsplit and git mailinfo do it, the MIME parser chooses the parts. */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runGit } from '#harness/support/git.ts'
import { commitsOf, plainSubject, subjectIn, isGitLog, parseGitLog } from '#analysis/patch/words.ts'
import { findSections, joinSections } from '#analysis/patch/sections.ts'
import type { MailedPatch } from '#analysis/patch/series.ts'
import { partsOf, type Part } from './mime.ts'

/** Mails inside mails are read to this depth. */
const MAX_DEPTH = 4

export interface MailReader {
  /** What errors call the text that is read. */
  readonly label: string
  /** An empty folder for what git writes. */
  readonly scratch: string
  /** Whether a part was only HTML. */
  html: boolean
}

/** The mails of a mailbox, as git mailsplit separates them; one text when it does not begin with a mailbox's `From ` line. */
export async function splitMails(text: Buffer, { scratch }: MailReader): Promise<Buffer[]> {
  const folder = join(scratch, 'mails')
  await writeFile(join(scratch, 'mailbox'), text)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  const { exitCode } = await runGit(
    null,
    ['mailsplit', `-o${folder}`, '-b', '--keep-cr', '-d6', '--', join(scratch, 'mailbox')],
    {
      anyExit: true,
    },
  )
  // git calls a mailbox of nothing but blanks corrupt.
  if (exitCode !== 0) return [text]
  const names = (await readdir(folder)).toSorted()
  const mails: Buffer[] = []
  for (const name of names) mails.push(await readFile(join(folder, name)))
  return mails
}

/** The patches of one mail: of its text, then of its attachments. Throws UserError for one that is damaged. */
export async function readMail(raw: Buffer, reader: MailReader, depth = 0): Promise<MailedPatch[]> {
  const mail = withoutReturns(raw)
  const text = mail.toString('latin1')
  if (isGitLog(text)) return parseGitLog(text, reader.label)
  if (!mayHoldPatch(text)) return []
  const { header, parts } = await partsOf(mail)
  // A list may have taken the boundaries away, and left the header that names them.
  if (parts.length === 0) return readText(asText(header, mail), mail, reader)
  const isMultipart = parts.length !== 1 || parts[0]?.header.equals(header) !== true
  if (!isMultipart && parts[0]?.type === 'text/html') reader.html = true
  return isMultipart || parts[0]?.isFile ? readParts(mail, header, parts, reader, depth) : readText(mail, mail, reader)
}

/** The patches of a mail with several parts. */
async function readParts(
  mail: Buffer,
  header: Buffer,
  parts: readonly Part[],
  reader: MailReader,
  depth: number,
): Promise<MailedPatch[]> {
  const found: MailedPatch[] = []
  for (const part of parts.filter(({ isFile, type }) => !isFile && type.startsWith('text/'))) {
    if (part.type === 'text/html') reader.html = true
    else found.push(...(await readText(asMail(header, part), mail, reader)))
  }
  const [outer] = found
  const rawSubject = outer?.rawSubject ?? (await mailinfo(withoutContent(header), ['-k', '--no-inbody-headers'], reader)).subject
  const firstLine = mail.toString('latin1').split('\n', 1)[0] ?? ''
  const words = parts.filter(({ isFile, type }) => !isFile && type === 'text/plain').map(({ body }) => body.toString('latin1'))
  const commits = commitsOf([firstLine, ...words].join('\n'))
  for (const part of parts.filter(({ isFile, type }) => isFile && !/^(?:image|audio|video)\/|html$|pgp/.test(type))) {
    const content = await part.decode()
    if (depth >= MAX_DEPTH || !mayHoldPatch(content.toString('latin1'))) continue
    for (const mailed of await splitMails(content, reader)) {
      for (const patch of await readMail(mailed, reader, depth + 1)) {
        // A diff without words of its own is what the mail says of it.
        const named = patch.rawSubject === '' ? { ...patch, rawSubject, subject: plainSubject(rawSubject), commits } : patch
        // Some attach what they have also written out.
        if (!found.some(({ text }) => text === named.text)) found.push(named)
      }
    }
  }
  return found
}

/** The patch of one text, with or without a header. `whole` is the mail that it is of. */
async function readText(text: Buffer, whole: Buffer, reader: MailReader): Promise<MailedPatch[]> {
  const { subject, message, patch } = await mailinfo(text, ['--scissors'], reader)
  const changes = joinSections(findSections(withoutReturns(patch).toString('latin1'), labelOf(reader, subject)))
  if (changes === '') return []
  const { subject: outer } = await mailinfo(headerOf(text), ['-k', '--no-inbody-headers'], reader)
  const notes = patch.toString('utf8').split(/^(?:diff --git |--- \S)/m)[0] ?? ''
  const words = `${message}\n${notes}`
  const firstLine = whole.subarray(0, 60).toString('latin1')
  const rawSubject = outer || subjectIn(words)
  const commits = commitsOf(`${firstLine.split('\n')[0]}\n${words}`)
  return [{ subject: subject || plainSubject(rawSubject), rawSubject, commits, text: changes }]
}

const labelOf = ({ label }: MailReader, subject: string) => (subject === '' ? label : `${label}: "${subject}"`)

/** What git mailinfo says of a mail: subject and message in UTF-8, and from the first change on the bytes of its body. */
async function mailinfo(mail: Buffer, options: readonly string[], { scratch }: MailReader) {
  const [message, patch] = [join(scratch, 'message'), join(scratch, 'patch')]
  const call = (more: readonly string[]) =>
    runGit(null, ['mailinfo', ...options, ...more, message, patch], { input: mail, anyExit: true })
  const first = await call([])
  // -n: a character set that git does not know must not keep it from reading the patch.
  const { stdout } = first.exitCode === 0 ? first : await call(['-n'])
  const subject = /^Subject: (.*)$/m.exec(stdout)?.[1]?.trim() ?? ''
  return { subject, message: await readFile(message, 'utf8'), patch: await readFile(patch) }
}

/** The header of a text; all of it where it has none. */
function headerOf(text: Buffer): Buffer {
  const end = text.indexOf('\n\n')
  return end < 0 ? text : text.subarray(0, end + 2)
}

/** A part as a mail of its own: the header of the whole with the part's own lines about its content. */
function asMail(header: Buffer, part: Part): Buffer {
  const own = foldedLines(part.header).filter((line) => /^content-/i.test(line))
  return Buffer.concat([
    withoutEnd(withoutContent(header)),
    Buffer.from(`${own.join('')}\n`, 'latin1'),
    part.body,
    Buffer.from('\n'),
  ])
}

/** A mail as plain text, whatever its header says of it. */
const asText = (header: Buffer, mail: Buffer) =>
  Buffer.concat([withoutEnd(withoutContent(header)), Buffer.from('\n'), mail.subarray(header.length)])

const withoutContent = (header: Buffer) =>
  Buffer.from(
    foldedLines(header)
      .filter((line) => !/^(?:content-|mime-version)/i.test(line))
      .join(''),
    'latin1',
  )

const withoutEnd = (header: Buffer) => Buffer.from(header.toString('latin1').replace(/\n+$/, '\n'), 'latin1')

/** Lines of a header, each with those that continue it. */
const foldedLines = (header: Buffer) => header.toString('latin1').match(/[^\n]*\n(?:[ \t][^\n]*\n)*/g) ?? []

/** Whether a text can hold a patch at all: a large mailbox is mostly talk. */
function mayHoldPatch(text: string): boolean {
  return /^(?:diff -|--- |Index: |content-type: *multipart|content-transfer-encoding: *(?:base64|quoted))/im.test(text)
}

/** The text without the carriage returns of a mail, where every line ends in one; a patch to a file with them has others, too. */
function withoutReturns(text: Buffer): Buffer {
  const latin1 = text.toString('latin1')
  if (!latin1.includes('\r\n') || /(?:^|[^\r])\n/.test(latin1)) return text
  return Buffer.from(latin1.replaceAll('\r\n', '\n'), 'latin1')
}

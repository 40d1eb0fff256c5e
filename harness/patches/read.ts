/** Patches out of what they come in: a diff, a mail, a mailbox with a whole series, or what git log prints. */
import { rm } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { UserError } from '#domain/errors.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { isGitLog } from '#analysis/patch/words.ts'
import { chooseSeries, inBlobOrder, type MailedPatch, type PatchSeries } from '#analysis/patch/series.ts'
import { readMail, splitMails, type MailReader } from './mail.ts'

/**
 * The patches of a text, in the order to apply them; `label` is its name in errors and notes. Throws UserError when it contains
 * no change, is damaged, or holds more than one series.
 */
export async function readPatches(text: Buffer, label: string, cache: string): Promise<PatchSeries> {
  if (/^(?:\xff\xfe|\xfe\xff)/.test(text.toString('latin1', 0, 2))) {
    throw new UserError(`${label} is UTF-16 text, which no patch is`, 'write it with git format-patch -o FOLDER')
  }
  const whole = unpacked(text, label)
  const plain = whole.subarray(0, 3).toString('latin1') === '\xef\xbb\xbf' ? whole.subarray(3) : whole
  const scratch = await openScratch(cache)
  try {
    const reader: MailReader = { label, scratch, html: false }
    const found: MailedPatch[] = []
    for (const mail of await splitMails(plain, reader)) found.push(...(await readMail(mail, reader)))
    if (found.length === 0) {
      throw new UserError(`${label} contains no change`, hintFor(plain, reader))
    }
    if (!isGitLog(plain.toString('latin1', 0, 4096))) return withPatches(chooseSeries(found, label), label)
    const { patches, note } = inBlobOrder(found, 'reversed', label)
    return { patches, notes: note === null ? [] : [note] }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** What to give instead of a text without a change that can be read. */
function hintFor(text: Buffer, { html }: MailReader): string {
  if (html) return 'it is written in HTML: take the mail as plain text'
  const words = text.toString('latin1')
  if (/^\*{15}$/m.test(words)) return 'it is a context diff: give what diff -u writes'
  if (words.includes('\x1b[') && words.includes('mdiff --git ')) return 'it is coloured for a terminal: write it with --no-color'
  return 'give what git format-patch or diff -u writes'
}

/** No mailbox of patches is larger, in bytes. */
const MAX_BYTES = 512 * 1024 * 1024

/** What a gzip file holds, as mail archives offer a thread; anything else as it is. */
function unpacked(text: Buffer, label: string): Buffer {
  if (text[0] !== 0x1f || text[1] !== 0x8b) return text
  try {
    return gunzipSync(text, { maxOutputLength: MAX_BYTES })
  } catch (error) {
    throw new UserError(`${label} is a damaged or far too large gzip file: ${(error as Error).message}`, 'unpack it first')
  }
}

function withPatches(series: PatchSeries, label: string): PatchSeries {
  if (series.patches.length > 0) return series
  throw new UserError(`${label} contains a cover letter and no patch`, 'give the patches of the series')
}

/** Composes a mail and hands it to the sendmail of this host. Of nodemailer, only its composer is used. */
import MailComposer from 'nodemailer/lib/mail-composer'
import { sendToCommand } from './command.ts'
import type { Failure } from './retry.ts'

export interface MailDelivery {
  /** Command that reads a mail and takes the recipients from its header: sendmail -t -i. */
  readonly sendmail: readonly string[]
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  /** ISO 8601. */
  readonly at: string
  /** Part of the Message-ID: mailboxes drop or thread a repetition of it. */
  readonly key: string
}

/** The mail as it is sent, by RFC 5322 and MIME. No text can add a header. */
async function composeMail({ from, to, subject, text, html, at, key }: Omit<MailDelivery, 'sendmail'>): Promise<Buffer> {
  const domain = /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'localhost'
  const composer = new MailComposer({
    from,
    to: [...to],
    subject: subject.replaceAll(/[\r\n]+/g, ' '),
    text,
    html,
    date: new Date(at),
    messageId: `<${key}@${domain}>`,
    // So that no vacation message answers (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    newline: 'unix',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return composer.compile().build()
}

/** Send it once. */
export async function sendMail(mail: MailDelivery, signal?: AbortSignal): Promise<Failure | null> {
  return sendToCommand(mail.sendmail, await composeMail(mail), {}, signal)
}

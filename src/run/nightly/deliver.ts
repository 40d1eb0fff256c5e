/** Delivers a notice to a target, in the shape that the target takes. */
import { readFile } from 'node:fs/promises'
import { sendToCommand } from '#harness/notify/command.ts'
import { sendHttp, type HttpDelivery } from '#harness/notify/http.ts'
import { sendMail } from '#harness/notify/mail.ts'
import { deliverWithRetries, type Failure, type RetryOptions } from '#harness/notify/retry.ts'
import { UserError } from '#domain/errors.ts'
import type { Notice } from '#domain/report/notice.ts'
import { renderDiffMarkdown } from '#render/diff/markdown.ts'
import { jsonByLine } from '#render/json.ts'
import { matrixMessage, slackMessage } from '#render/notice/chat.ts'
import { renderNoticeHtml } from '#render/notice/mail.ts'
import { titleOf } from '#render/notice/phrases.ts'
import { renderNoticeText } from '#render/notice/text.ts'
import type { NotifyTarget } from '#schema/nightly/config.ts'

/**
 * Deliver a notice, with retries. Whoever gets it twice can tell by its key: it is the Idempotency-Key of a webhook, the
 * transaction of Matrix, the Message-ID of a mail, and KWITNESS_NOTICE_KEY in the environment of a command. Throws InfraError
 * where the target does not take it, and UserError for a secret that is not there.
 */
export async function deliverNotice(target: NotifyTarget, notice: Notice, options: RetryOptions): Promise<void> {
  const send = await senderOf(target, notice)
  await deliverWithRetries(target.name, () => send(options.signal), options)
}

type Sender = (signal: AbortSignal | undefined) => Promise<Failure | null>

async function senderOf(target: NotifyTarget, notice: Notice): Promise<Sender> {
  const { key } = notice
  switch (target.kind) {
    case 'command': {
      const input = inputOf(target.input, notice)
      return (signal) => sendToCommand(target.command, input, { KWITNESS_NOTICE_KEY: key }, signal)
    }
    case 'webhook': {
      const headers = Object.fromEntries(
        await Promise.all(
          Object.entries(target.headers).map(async ([name, value]) => [name, await secretOf(value, target)] as const),
        ),
      )
      const body = target.shape === 'slack' ? slackMessage(notice) : notice
      const delivery: HttpDelivery = { method: 'POST', url: await secretOf(target.url, target), headers, body, key }
      return (signal) => sendHttp(delivery, signal)
    }
    case 'matrix': {
      const room = encodeURIComponent(target.room)
      const url = `${target.homeserver.replace(/\/+$/, '')}/_matrix/client/v3/rooms/${room}/send/m.room.message/${key}`
      const headers = { authorization: `Bearer ${await secretOf(target.token, target)}` }
      const delivery: HttpDelivery = { method: 'PUT', url, headers, body: matrixMessage(notice), key }
      return (signal) => sendHttp(delivery, signal)
    }
    case 'mail': {
      const { sendmail, from, to } = target
      const [subject, text, html] = [titleOf(notice), renderNoticeText(notice), renderNoticeHtml(notice)]
      return (signal) => sendMail({ sendmail, from, to, subject, text, html, at: notice.at, key }, signal)
    }
  }
}

function inputOf(shape: 'json' | 'text' | 'markdown', notice: Notice): string {
  if (shape === 'json') return jsonByLine(notice)
  return shape === 'markdown' && notice.diff !== null ? renderDiffMarkdown(notice.diff) : renderNoticeText(notice)
}

/** The text of a secret. Throws UserError, without it, where it cannot be read. */
async function secretOf(
  secret: string | { readonly file: string } | { readonly env: string },
  { name }: NotifyTarget,
): Promise<string> {
  if (typeof secret === 'string') return secret
  const found = 'env' in secret ? process.env[secret.env] : await readFile(secret.file, 'utf8').catch(() => undefined)
  const where = 'env' in secret ? `the variable ${secret.env}` : secret.file
  if (found === undefined || found.trim() === '') throw new UserError(`${where}, which ${name} needs, cannot be read or is empty`)
  return found.trim()
}

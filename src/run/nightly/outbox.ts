/**
 * The outbox of a nightly run: a file for each notice and target, moved away once it is delivered. A notice is put in once,
 * however often that is tried, and each target gets it once, unless this process is killed between the receiver's answer and the
 * move: then it gets the same notice with the same key again.
 */
import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, makeFolder, whenUnreadable } from '#harness/support/workspace.ts'
import type { RetryOptions } from '#harness/notify/retry.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Notice } from '#domain/report/notice.ts'
import type { NotifyTarget } from '#schema/nightly/config.ts'
import { noticeSchema } from '#schema/report/notice.ts'
import { readJson } from '#schema/read.ts'
import { deliverNotice } from './deliver.ts'

/** Delivered notices that are remembered: each is the same only as long as its night can be sent again. */
const MAX_SENT = 200

const pendingIn = (folder: string): string => join(folder, 'pending')
const sentIn = (folder: string): string => join(folder, 'sent')
const fileOf = ({ key }: Pick<Notice, 'key'>, target: string): string => `${key}.${target}.json`

/** Put a notice in for these targets, durably. One that is in, or was delivered, stays as it is. */
export async function enqueueNotice(folder: string, notice: Notice, targets: readonly NotifyTarget[]): Promise<void> {
  for (const place of [pendingIn(folder), sentIn(folder)]) await makeFolder(place)
  for (const { name } of targets) {
    const file = fileOf(notice, name)
    if ((await exists(join(sentIn(folder), file))) || (await exists(join(pendingIn(folder), file)))) continue
    await writeDurably(join(pendingIn(folder), file), JSON.stringify(notice))
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
}

export interface SentNotices {
  /** Names of the targets that took a notice, one for each. */
  readonly delivered: readonly string[]
  /** One sentence for each notice that stays in the outbox, or was dropped because its target is gone. */
  readonly problems: readonly string[]
}

/** Deliver what is in the outbox, the oldest first. Throws only the signal's reason: what fails is told, and stays. */
export async function sendPending(folder: string, targets: readonly NotifyTarget[], options: RetryOptions): Promise<SentNotices> {
  const names = (await readdir(pendingIn(folder)).catch(whenUnreadable<string[]>([]))).filter((name) => name.endsWith('.json'))
  const delivered: string[] = []
  const problems: string[] = []
  const failed = new Set<string>()
  for (const name of names.toSorted()) {
    const path = join(pendingIn(folder), name)
    const target = targets.find((one) => name.endsWith(`.${one.name}.json`))
    const notice = readJson(noticeSchema, await readFile(path, 'utf8'))
    if (!target || !notice) {
      problems.push(`${name} is dropped from the outbox: ${notice ? 'its target is not configured any more' : 'it is damaged'}`)
      await rm(path, { force: true })
      continue
    }
    // The notices of a target come in their order, so one that fails keeps the later ones back.
    if (failed.has(target.name)) continue
    try {
      await deliverNotice(target, notice, options)
      await rename(path, join(sentIn(folder), name))
      delivered.push(target.name)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof InfraError) && !(error instanceof UserError)) throw error
      failed.add(target.name)
      problems.push(error.message)
    }
  }
  await forgetOldest(sentIn(folder))
  return { delivered, problems }
}

async function forgetOldest(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(whenUnreadable<string[]>([]))).toSorted()
  for (const name of names.slice(0, Math.max(0, names.length - MAX_SENT))) await rm(join(folder, name), { force: true })
}

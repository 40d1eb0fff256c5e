/** Word of a night that failed: to the targets of the configuration, and not again for the same reason. */
import { createHash } from 'node:crypto'
import { countVerdicts } from '#analysis/matrix/matrix.ts'
import type { Notice } from '#domain/report/notice.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { deliverNotice } from '#run/nightly/deliver.ts'
import { enqueueNotice, sendPending } from '#run/nightly/outbox.ts'
import type { NightlyConfig, NotifyTarget } from '#schema/nightly/config.ts'
import { foreseen } from '../output/failure.ts'
import { readState, type Places } from './state.ts'
import { noteFolders, noteTold, wasTold } from './told.ts'

/**
 * Do the work of a night. What it throws is sent to the targets, and thrown again. `folders` may take a note of what went out
 * where the outbox cannot be written.
 */
export async function tellingFailure<T>(
  config: NightlyConfig,
  places: Places,
  work: () => Promise<T>,
  folders: readonly string[] = noteFolders(places, findWorkspace().cache),
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await tellFailedNight(config, { ...places, folders }, error).catch((trouble: unknown) => {
      console.error(`kwitness: nobody could be told of the failure: ${textOf(trouble)}`)
    })
    throw error
  }
}

/**
 * Send word of a failure. With `when: changes` the same failure is sent once until a night has come to its end, else once a day.
 * Where the disk does not take the outbox, the notice is delivered without it, and a note says so; where no folder takes even
 * that, each night again.
 */
async function tellFailedNight(
  { name, notify }: NightlyConfig,
  { folders, ...places }: Places & { readonly folders: readonly string[] },
  error: unknown,
): Promise<void> {
  if (notify.to.length === 0) return
  const at = new Date().toISOString()
  const last = await readState(places).catch(() => null)
  const failure = textOf(error)
  // Digits are times, process ids and sizes: the same failure has others each night.
  const same = [
    failure.replaceAll(/\d+/g, '#'),
    last?.earlier[0] ?? 'none',
    ...(notify.when === 'always' ? [at.slice(0, 10)] : []),
  ]
  const hash = createHash('sha256').update(same.join('\0')).digest('hex').slice(0, 16)
  const notice: Notice = {
    schema: 'kwitness.notice/1',
    key: `${name.replaceAll('_', '-')}-failed-${hash}`,
    name,
    at,
    failure,
    run: null,
    counts: countVerdicts([]),
    diff: null,
    problems: last !== null && last.phase !== 'done' ? last.problems : [],
    url: null,
  }
  const note = (text: string): void => console.error(`kwitness: ${text}`)
  const options = { tries: notify.tries, backoffMs: notify.backoffSeconds * 1000, note }
  const keyFor = (target: NotifyTarget): string => `${notice.key}.${target.name}`
  const untold: NotifyTarget[] = []
  for (const target of notify.to) if (!(await wasTold(places, folders, keyFor(target)))) untold.push(target)
  try {
    await enqueueNotice(places.outbox, notice, untold)
  } catch {
    const told: string[] = []
    for (const target of untold) {
      await deliverNotice(target, notice, options)
        .then(() => told.push(keyFor(target)))
        .catch((trouble: unknown) => note(textOf(trouble)))
    }
    if (!(await noteTold(places, folders, told))) note('no disk takes a note of this word, so the next night sends it again')
    return
  }
  const { delivered, problems } = await sendPending(places.outbox, notify.to, options)
  for (const text of problems) note(text)
  if (delivered.length > 0) note(`sent word of the failure to ${delivered.join(', ')}`)
}

/** What failed, and on a further line what to do next. */
function textOf(error: unknown): string {
  const known = foreseen(error, 'the night cannot go on')
  if (known) return [known.message, known.hint ?? ''].join('\n').trim()
  const text = error instanceof Error ? error.message : String(error)
  return `kwitness made a mistake, which says nothing about the kernels: ${text}`
}

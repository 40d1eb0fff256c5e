/**
 * A process that goes on with a run: it records one attempt after the other and says each one's ordinal once it
 * is promised to be kept. Arguments: the store's folder, the run (or `new`), how many attempts at most.
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '#store/index.ts'
import { attemptIn, newRun } from '../evidence.ts'

const [folder = '', wanted = 'new', most = '1'] = process.argv.slice(2)
const logs = await mkdtemp(join(process.env['KWITNESS_TEST_LOGS'] ?? tmpdir(), 'kwitness-logs-'))
const store = await openStore(folder)
const { id: run } = wanted === 'new' ? await store.createRun(newRun) : await store.claimRun(wanted)
process.stdout.write(`run ${run}\n`)
const { attempts } = await store.attemptsOf(run)
const first = Math.max(0, ...attempts.map(({ evidence }) => evidence.job.attempt)) + 1
for (let attempt = first; attempt < first + Number(most); attempt += 1) {
  await store.recordAttempt(run, await attemptIn(logs, { attempt }), logs)
  process.stdout.write(`kept ${attempt}\n`)
}
await store.finishRun(run, '2026-11-21T12:00:00.000Z')
store.close()

/** The machine that kwitness runs on, as a target. */
import type { Program } from '../image/program.ts'
import { createLocalTransport } from '../transport/command/local.ts'
import { readHostChangelog } from './changelog.ts'
import { askOver, type Target } from './ask.ts'

/** The kernel that runs here, asked by this program. */
export function runningTarget({ path }: Program): Target {
  const argv = (options: readonly string[]): string[] => [path, '--lifeline', ...options]
  return {
    host: 'running',
    changelog: (signal) => readHostChangelog(createLocalTransport(), signal),
    ask: (question) => askOver(createLocalTransport(), { argv: argv(question.options) }, question),
  }
}

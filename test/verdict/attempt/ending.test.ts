import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ending } from '#domain/evidence.ts'
import type { EndingWord } from '#domain/judgement.ts'
import type { ConsoleReading } from '#domain/splat.ts'
import { endingWord } from '#verdict/attempt/ending.ts'
import { consoleReading, exited, splat } from '#test/helpers/judging.ts'

const stopped: Ending = { kind: 'guest-stopped', reason: 'guest-reset' }
const panic = { splats: [splat('fatal', 'Kernel panic - not syncing')] }
const oops = { splats: [splat('oops', 'BUG: unable to handle page fault')] }

const ROWS: readonly [Ending, Partial<ConsoleReading>, readonly string[], EndingWord][] = [
  [exited(), {}, [], 'clean exit'],
  [exited({ code: null, signal: 9, timedOut: true }), {}, [], 'case hung'],
  [exited({ code: 1 }), { splats: [splat('warning', 'WARNING')] }, [], 'clean exit'],
  [exited(), oops, [], 'oops, went on'],
  [exited(), panic, [], 'panic'],
  [stopped, panic, [], 'panic'],
  [{ kind: 'kernel-hung', afterSeconds: 9 }, panic, [], 'panic'],
  [stopped, {}, ['a quiet console'], 'triple fault'],
  [stopped, oops, [], 'triple fault'],
  [exited(), { extraBanners: 1 }, [], 'triple fault'],
  [stopped, {}, ['reboot: Restarting system'], 'guest stopped'],
  [stopped, {}, ['reboot: Power down'], 'guest stopped'],
  [stopped, { splats: [splat('fatal', 'System halted')] }, ['reboot: System halted'], 'guest stopped'],
  [{ kind: 'guest-stopped', reason: 'guest-shutdown' }, {}, [], 'guest stopped'],
  [{ kind: 'guest-stopped', reason: 'guest-panicked' }, {}, [], 'panic'],
  [{ kind: 'case-hung', afterSeconds: 9 }, {}, [], 'case hung'],
  [{ kind: 'kernel-hung', afterSeconds: 9 }, oops, [], 'kernel hung'],
  [{ kind: 'qemu-gone', code: null, signal: 'SIGKILL', stderr: '' }, {}, [], 'qemu gone'],
  [{ kind: 'no-boot', reason: 'silence' }, oops, [], 'no boot'],
  [{ kind: 'no-boot', reason: 'panic' }, panic, [], 'no boot'],
  [{ kind: 'garbled', detail: 'noise' }, {}, [], 'garbled'],
  [{ kind: 'infra', message: 'disk full' }, panic, [], 'infra'],
]

for (const [ending, console, lines, word] of ROWS) {
  const seen =
    Object.entries(console)
      .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
      .join() || 'a quiet console'
  const why = ending.kind === 'guest-stopped' ? ` (${ending.reason})` : ''
  test(`${ending.kind}${why} with ${seen}${lines.length ? ` saying ${lines.join()}` : ''} is ${word}`, () => {
    assert.equal(endingWord(ending, consoleReading(console), lines), word)
  })
}

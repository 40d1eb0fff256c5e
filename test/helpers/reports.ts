/** A small report to render, made by hand after what guests say, and the parts that other reports are made of. */
import { type JudgedCell, buildReport } from '#analysis/matrix/report.ts'
import type { Case } from '#domain/case.ts'
import type { RaceStanding } from '#domain/control.ts'
import type { EndingWord, Outcome, Reason, Verdict } from '#domain/judgement.ts'
import type { Report, ReportAttempt, ReportKernel } from '#domain/report/matrix.ts'
import type { TestPoint, TestStatus } from '#domain/tests.ts'
import { sampleCase } from './judging.ts'
import { HOSTILE, kernel, smallListing, smallChangelog } from './report-parts.ts'
import { CONTROL, CONTROL_KERNEL, RATE, RATE_ELSEWHERE, standing } from './races.ts'

export { HOSTILE, kernel } from './report-parts.ts'

export const RUN: Report['run'] = {
  id: 'example-1',
  startedAt: '2026-11-02T03:04:05.000Z',
  complete: true,
  seed: '1234567890123456789',
  host: { kernel: '6.1.0-50-amd64', qemu: '7.2.22', cpus: 2, accelerator: 'tcg' },
}

function point(number: number, name: string, status: TestStatus, changes: Partial<TestPoint> = {}): TestPoint {
  return { number, name, status, reason: '', diagnostics: [], children: [], ...changes }
}

/** A judged cell with one attempt. */
export function cell(kernelId: string, caseId: string, verdict: Verdict, changes: Partial<JudgedCell> = {}): JudgedCell {
  const summary = SENTENCES[verdict]
  const reasons = [reasonFor(verdict)]
  return {
    kernel: kernelId,
    case: caseId,
    profile: 'x86_64-tcg-1cpu-512m',
    verdict,
    summary,
    reasons,
    trials: null,
    missProbability: null,
    race: null,
    attempts: verdict === 'no-result' ? [] : [attempt(`${kernelId}.${caseId}.1`, verdict, { reasons })],
    ...changes,
  }
}

export function attempt(id: string, verdict: Verdict, changes: Partial<ReportAttempt> = {}): ReportAttempt {
  const bad = verdict === 'lacks'
  const [outcome, ending] = OUTCOMES[verdict]
  return {
    id,
    attempt: 1,
    outcome,
    ending,
    reasons: [reasonFor(verdict)],
    seed: '9876543210987654321',
    seconds: 0.412,
    origin: 'restored',
    bootMethod: 'microvm-pvh',
    qemu: '7.2.22',
    argv: QEMU,
    problems: [],
    splats: [],
    console: CONSOLE,
    tests: [
      point(1, 'self-check: an unread event is seen', 'pass'),
      point(2, 'ioctls that must wait for the event', bad ? 'fail' : 'pass', {
        children: [
          point(1, 'UFFDIO_COPY', bad ? 'fail' : 'pass', { diagnostics: bad ? ['returned 0, copy 4096; expected -EAGAIN'] : [] }),
          point(2, 'UFFDIO_ZEROPAGE', 'pass'),
          point(3, 'UFFDIO_MOVE', 'skip', { reason: 'this kernel has no UFFDIO_MOVE' }),
        ],
      }),
    ],
    output: ['KTAP version 1', '1..2', 'ok 1 self-check', `${bad ? 'not ok' : 'ok'} 2 ioctls that must wait`],
    taint: { before: 0, after: 0 },
    ...changes,
  }
}

/** The small report: every verdict, both contradictions, boundaries, a splat, races of every kind, a control, a hostile guest. */
export function smallReport(): Report {
  const old = ['5.10.218', '5.10.262', '6.1.170', '6.1.187', '6.1.192']
  const recent = ['6.12.43', '6.12.94', '6.12.117', '6.16.12', '7.2.13', '7.3.4']
  const kernels = [...[...old, ...recent].map((version) => kernel(version)), CONTROL_KERNEL]
  const covered = kernels.filter(({ series }) => series === '6.12.y')
  const sources = new Map(covered.map(({ id }) => [id, { gitTree: null, changelog: smallChangelog(SMALL_CASES) }]))
  const cells = kernels.flatMap(smallRow)
  const listing = smallListing(kernels)
  return buildReport({ run: RUN, kernels, cases: SMALL_CASES, controls: [CONTROL], cells, listing, claimSources: sources })
}

const SMALL_CASES: readonly Case[] = [
  sampleCase('gup-fast-vs-fork', {
    title: 'gup_fast takes a page that fork is about to write-protect',
    subsystem: 'mm/gup',
    oracle: 'statistical',
    introduced: '5.9',
    symptom: 'a pinned page and the page its owner writes are no longer the same',
    fixes: [
      {
        commit: '57efa1fe5957694fa541c9062de0a127f0b9acb0',
        subject: 'mm/gup: prevent gup_fast from racing with COW during fork',
        fixes: ['f3c64eda3e50'],
        cve: [],
      },
    ],
    claim: { mainline: '5.11', stable: { '5.10.y': '5.10.4' }, subjects: [], source: 'ChangeLog-5.10.4' },
  }),
  sampleCase('uffd-copy-vs-fork', {
    title: 'UFFDIO_COPY while a fork event is pending',
    fixes: [
      {
        commit: 'df2cc96e77011cf7989208b206da9817e0321028',
        subject: 'userfaultfd: prevent non-cooperative events vs mcopy_atomic races',
        fixes: [],
        cve: [],
      },
    ],
    claim: { mainline: '4.18', stable: {}, subjects: [], source: 'git history' },
    references: ['https://lore.kernel.org/all/1527061324-19949-1-git-send-email-rppt@linux.vnet.ibm.com/'],
  }),
  sampleCase('uffd-eagain-output', {
    title: 'the output field of an ioctl that must be tried again',
    fixes: [
      {
        commit: '95567729173e62e0e60a1f8ad9eb2e1320a8ccac',
        subject: 'mm/userfaultfd: fix uninitialized output field for -EAGAIN race',
        fixes: ['df2cc96e7701', 'f619147104c8'],
        cve: ['CVE-2025-00000'],
      },
    ],
    claim: { mainline: '6.15', stable: { '6.12.y': '6.12.29' }, subjects: [], source: 'Debian changelog' },
  }),
  sampleCase('uffd-fault-around-missing', {
    title: 'fault-around maps pages registered for missing faults',
    fixes: [
      {
        commit: null,
        subject: "mm: Don't fault around userfaultfd-registered regions on reads",
        fixes: [],
        cve: [],
      },
    ],
    claim: { mainline: null, stable: {}, subjects: [], source: 'posted in November 2020' },
  }),
  sampleCase('uffd-fault-around-wp', {
    title: 'fault-around maps write-protected pages',
    introduced: '5.19',
    claim: { mainline: '5.19', stable: {}, subjects: [], source: 'git history' },
  }),
  sampleCase('uffd-mmap-changing-atomic', {
    title: 'two events pending at once',
    claim: { mainline: '5.15', stable: { '5.10.y': '5.10.240' }, subjects: [], source: 'Debian changelog' },
  }),
]

/** The cells of one kernel in the small report. */
function smallRow({ id, series, version }: ReportKernel): JudgedCell[] {
  const old = series === '5.10.y'
  const splat = version === '6.16.12'
  const lacksOutput = old || version === '6.1.170' || version === '6.1.187' || version === '6.12.94'
  return [
    raceCell(id, version),
    version === '6.1.187' ? cell(id, 'uffd-copy-vs-fork', 'no-result') : cell(id, 'uffd-copy-vs-fork', 'carries'),
    cell(id, 'uffd-eagain-output', lacksOutput ? 'lacks' : 'carries'),
    cell(id, 'uffd-fault-around-missing', 'lacks'),
    old
      ? cell(id, 'uffd-fault-around-wp', 'not-applicable')
      : splat
        ? brokenCell(id)
        : cell(id, 'uffd-fault-around-wp', 'carries'),
    cell(id, 'uffd-mmap-changing-atomic', old ? 'lacks' : 'carries'),
  ]
}

/** The race of the small report: each kernel stands differently. */
function raceCell(id: string, version: string): JudgedCell {
  const race = id === CONTROL_KERNEL.id ? RACES.control : RACES[version]
  if (!race) return cell(id, 'gup-fast-vs-fork', 'not-applicable')
  const { trials, missProbability, trialsRemaining } = race
  const verdict = trials.hits > 0 ? 'lacks' : trialsRemaining === 0 ? 'carries' : 'inconclusive'
  const [summary = ''] = race.explanation
  return cell(id, 'gup-fast-vs-fork', verdict, { profile: RATE.profile, summary, trials, missProbability, race })
}

const RACES: Readonly<Record<string, RaceStanding>> = {
  control: standing({ hits: 14, trials: 1500 }),
  '5.10.218': standing({ hits: 1, trials: 312 }),
  '5.10.262': standing({ hits: 0, trials: 2700 }),
  '6.1.187': standing({ hits: 0, trials: 400 }, { extrapolated: true }),
  '6.1.192': standing({ hits: 0, trials: 2_400_000 }, { extrapolated: true }),
  '6.12.43': standing({ hits: 0, trials: 400 }, { reference: RATE_ELSEWHERE }),
  '6.12.94': standing({ hits: 0, trials: 123_456 }, { reference: null, codePath: null }),
  '6.12.117': standing(
    { hits: 0, trials: 5000 },
    {
      extrapolated: true,
      codePath: HOSTILE,
      explanation: [HOSTILE],
      reference: {
        ...RATE,
        controlSummary: HOSTILE,
        codePath: HOSTILE,
        conditions: { host: HOSTILE, qemu: HOSTILE, load: 'loaded' },
      },
    },
  ),
}

/** A cell whose guest printed markup, terminal escapes and an oops. */
function brokenCell(id: string): JudgedCell {
  const title = 'BUG: kernel NULL pointer dereference'
  const reasons: Reason[] = [{ channel: 'console', line: 4, rule: 'oops-null', text: `${title} ${HOSTILE}` }]
  return cell(id, 'uffd-fault-around-wp', 'error', {
    summary: `The guest crashed for another reason: ${HOSTILE}`,
    reasons,
    attempts: [
      attempt(`${id}.uffd-fault-around-wp.1`, 'error', {
        reasons,
        ending: 'panic',
        splats: [{ rule: 'oops-null', severity: 'oops', title, firstLine: 4, lastLine: 6 }],
        problems: [{ kind: 'cut-stream', message: `the stream ends inside ${HOSTILE}`, line: 3 }],
        tests: [point(1, HOSTILE, 'not-reported', { reason: HOSTILE, diagnostics: [HOSTILE] })],
        console: [...CONSOLE, `${title}, address: 0000000000000000`, 'RIP: 0010:do_fault+0x1f/0x90', HOSTILE],
        output: ['KTAP version 1', '1..2', HOSTILE],
        taint: { before: 0, after: 128 },
      }),
      attempt(`${id}.uffd-fault-around-wp.2`, 'error', {
        attempt: 2,
        reasons: [{ channel: 'agent', line: null, rule: 'no-pong', text: 'The agent no longer answers.' }],
        ending: 'kernel hung',
        origin: 'booted',
        seconds: 31.02,
      }),
    ],
  })
}

const SENTENCES: Readonly<Record<Verdict, string>> = {
  carries: 'All 3 checks of the oracle passed and its self-check passed.',
  lacks: 'UFFDIO_COPY went through while an event was pending.',
  inconclusive: 'Clean, but not tried often enough to say.',
  'not-applicable': 'This kernel refuses the registration (EINVAL), so the question cannot be asked.',
  error: 'The self-check of the reproducer failed.',
  'no-result': 'QEMU could not be started in three attempts.',
}

const OUTCOMES: Readonly<Record<Verdict, readonly [Outcome, EndingWord]>> = {
  carries: ['not-reproduced', 'clean exit'],
  lacks: ['reproduced', 'clean exit'],
  inconclusive: ['not-reproduced', 'clean exit'],
  'not-applicable': ['skipped', 'clean exit'],
  error: ['error', 'clean exit'],
  'no-result': ['infra', 'infra'],
}

function reasonFor(verdict: Verdict): Reason {
  return { channel: 'output', line: 4, rule: `oracle-${verdict}`, text: SENTENCES[verdict] }
}

const QEMU = [
  ...'qemu-system-x86_64 -nodefaults -no-reboot -display none -sandbox on -accel tcg'.split(' '),
  ...'-M microvm,pic=on,pit=on,rtc=on -m 512 -smp 1 -kernel vmlinux -initrd initramfs.cpio -append'.split(' '),
  "console=ttyS0 panic=-1 quiet kw.case='one'",
]

const CONSOLE = [
  'Linux version 6.16.12-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC',
  'Command line: console=ttyS0 panic=-1',
  'Run /init as init process',
]

/** Ask a guest whether KVM works. A silent guest is judged by another one under TCG, which a loaded host delays as much. */
import type { Accelerator } from '#domain/profile.ts'
import type { KvmOutcome, ProofBoot } from '#schema/cache/host.ts'

/** A KVM guest on an idle host greets within half a second. */
const USUAL_SECONDS = 5
/** Seconds that a silent guest is given when nothing else decides. A nested host under emulation takes minutes. */
const PATIENT_SECONDS = 300
/** Seconds for a guest under TCG, which takes two on an idle host. */
export const TCG_SECONDS = 120
/** A second try after a doubtful answer gets this multiple of what a guest under TCG took. */
const RETRY_FACTOR = 3

/** Boot a guest until it speaks, `limitSeconds` have passed or the signal is aborted. */
export type Boot = (accelerator: Accelerator, limitSeconds: number, stop?: AbortSignal) => Promise<BootResult>

export interface BootResult extends ProofBoot {
  /** How a guest that did not speak ended: nothing was heard, the guest ended, QEMU gave up, or somebody killed QEMU. */
  readonly end: 'spoke' | 'silent' | 'guest ended' | 'QEMU gave up' | 'QEMU was killed'
}

export interface KvmAnswer {
  readonly outcome: KvmOutcome
  readonly why: string | null
  /** The guests that were booted, in the order of their ends. */
  readonly boots: readonly BootResult[]
}

const isSlow = ({ seconds }: BootResult): boolean => seconds !== null && seconds > USUAL_SECONDS

/**
 * Whether KVM works, by real guests. With `patient` a silent guest gets five minutes. Else a guest under TCG starts beside one
 * that has been silent for five seconds: KVM is silent only when that one speaks first, and on a host where even that takes
 * long a second try follows.
 */
export async function askKvm(boot: Boot, device: string, patient: boolean, note: (text: string) => void): Promise<KvmAnswer> {
  const boots: BootResult[] = []
  const run = async (...args: Parameters<Boot>): Promise<BootResult> => {
    const result = await boot(...args)
    boots.push(result)
    return result
  }
  const first = await (patient ? askPatiently(run, note) : askBesideTcg(run))
  if (first.kvm.end === 'spoke') return answerOf(first.kvm, device, boots)
  const tcg = first.tcg ?? (await run('tcg', TCG_SECONDS))
  if (tcg.end !== 'spoke') return { ...unclear(first.kvm, tcg, device), boots }
  const isDoubtful = first.kvm.end === 'QEMU was killed' || (first.kvm.end === 'silent' && isSlow(tcg))
  if (patient || !isDoubtful) return answerOf(first.kvm, device, boots)
  note('no guest has spoken under KVM, but this host is slow or loaded: asking once more')
  return answerOf(await run('kvm', Math.max(2 * USUAL_SECONDS, RETRY_FACTOR * (tcg.seconds ?? 0))), device, boots)
}

interface Asked {
  readonly kvm: BootResult
  /** The guest under TCG that started beside it; null when none did. */
  readonly tcg: BootResult | null
}

async function askPatiently(run: Boot, note: (text: string) => void): Promise<Asked> {
  const timer = setTimeout(() => note(`waiting for a guest under KVM to speak, up to ${PATIENT_SECONDS} s`), USUAL_SECONDS * 1000)
  try {
    return { kvm: await run('kvm', PATIENT_SECONDS), tcg: null }
  } finally {
    clearTimeout(timer)
  }
}

async function askBesideTcg(run: Boot): Promise<Asked> {
  const [stopKvm, stopTcg] = [new AbortController(), new AbortController()]
  const kvm = run('kvm', PATIENT_SECONDS, stopKvm.signal)
  let timer: NodeJS.Timeout | undefined
  const isSilent = await Promise.race([
    kvm.then(() => false),
    new Promise<true>((resolve) => (timer = setTimeout(() => resolve(true), USUAL_SECONDS * 1000))),
  ]).finally(() => clearTimeout(timer))
  if (!isSilent) return { kvm: await kvm, tcg: null }
  const tcg = run('tcg', TCG_SECONDS, stopTcg.signal)
  const spoken = kvm.then(({ end }) => end === 'spoke' && stopTcg.abort())
  const clock = await tcg
  stopKvm.abort()
  await spoken
  return { kvm: await kvm, tcg: clock }
}

const unclear = (kvm: BootResult, tcg: BootResult, device: string) => ({
  outcome: 'unclear' as const,
  why: `no guest boots on this host now, neither with ${device} (${kvm.problem}) nor under TCG (${tcg.problem})`,
})

function answerOf(kvm: BootResult, device: string, boots: readonly BootResult[]): KvmAnswer {
  const { end, seconds, problem } = kvm
  if (end === 'spoke') {
    if (!isSlow(kvm)) return { outcome: 'works', why: null, boots }
    return { outcome: 'late', why: `a guest spoke only after ${seconds?.toFixed(1)} s`, boots }
  }
  const outcome = (
    { silent: 'silent', 'guest ended': 'failed', 'QEMU gave up': 'refused', 'QEMU was killed': 'unclear' } as const
  )[end]
  const what = outcome === 'unclear' ? 'QEMU was killed twice while it tried' : 'no guest boots with it'
  return { outcome, why: `${device} opens, but ${what}: ${problem}`, boots }
}

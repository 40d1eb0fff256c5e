/** What `kwitness doctor` says of the accelerator: which, when and how it was decided, and when it is asked again. */
import type { KnownAccelerator } from '#harness/boot/accelerator/prove.ts'
import type { BootTime, KvmOutcome, ProofBoot } from '#schema/cache/host.ts'

const OUTCOMES: Readonly<Record<KvmOutcome, string>> = {
  works: 'KVM works',
  late: 'KVM works, slowly',
  absent: 'no KVM',
  forbidden: 'KVM is forbidden',
  refused: 'QEMU could not use KVM',
  failed: 'a guest under KVM failed',
  silent: 'a guest under KVM stayed silent',
  broke: 'KVM broke',
  unclear: 'KVM unclear',
}

/** One line each: the decision, its guests, and the boot time that scales the limits of attempts. */
export function proofLines({ accelerator, kvm, bootTimes, boots, holds }: KnownAccelerator): string[] {
  const time = bootTimes[accelerator]
  const timeLines = time === null ? [] : [timeWords(accelerator, time)]
  if (kvm === null) return ['TCG, as asked for; no run has asked whether KVM works', ...timeLines]
  const times = kvm.confirmations > 1 ? `, ${kvm.confirmations} times in a row` : ''
  const asks = holds ? `a run after ${shortTime(kvm.validUntil)} asks again` : 'the next run asks again'
  return [
    `${accelerator.toUpperCase()}: ${OUTCOMES[kvm.outcome]}${kvm.why === null ? '' : ` (${kvm.why})`}`,
    `decided at ${shortTime(kvm.decidedAt)}${times}${boots.length === 0 ? ', without a guest' : ''}; ${asks}`,
    ...boots.map(bootWords),
    ...timeLines,
  ]
}

function bootWords({ accelerator, seconds, problem }: ProofBoot): string {
  const end = seconds === null ? problem : `spoke after ${seconds.toFixed(1)} s`
  return `  a guest under ${accelerator.toUpperCase()}: ${end}`
}

function timeWords(accelerator: 'kvm' | 'tcg', { seconds, measuredAt, validUntil, isDoubtful }: BootTime): string {
  const doubt = isDoubtful ? ', on a loaded or slow host' : ''
  const boot = `a guest under ${accelerator.toUpperCase()} boots in ${seconds.toFixed(1)} s`
  return `${boot}, measured at ${shortTime(measuredAt)}${doubt}; measured again after ${shortTime(validUntil)}`
}

/** `2026-11-29 21:09 UTC` for an ISO 8601 time. */
function shortTime(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`
}

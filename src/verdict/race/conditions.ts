/** What a rate was measured under: read from evidence, held against another's, put in words. */
import type { Conditions, HostLoad } from '#domain/control.ts'
import type { Evidence } from '#domain/evidence.ts'

/**
 * Part of the CPUs it asks for that a guest must find free. The two sides of a race spin for each other: with half a
 * CPU missing to two of them, one side waits for its turn in every second round.
 */
const FREE_SHARE = 0.75

/**
 * Whether others leave the host to a guest of `wanted` vCPUs. `load` is the share (0..1) of the time of its `cpus`
 * CPUs that they use.
 */
export function hostLoad(load: number, cpus: number, wanted: number): HostLoad {
  return (1 - load) * cpus < FREE_SHARE * Math.min(wanted, cpus) ? 'loaded' : 'quiet'
}

/** The host in one line, as rates are filed under it. */
export function hostLine({ kernel, cpuModel, cpus }: Pick<Evidence['host'], 'kernel' | 'cpuModel' | 'cpus'>): string {
  return `${kernel}, ${cpus} x ${cpuModel}`
}

/**
 * What an attempt was made under; null where the load of the host was not measured. A guest that went before all others
 * found the host quiet, however busy it was.
 */
export function conditionsOf({ host, guest, job }: Evidence): Conditions | null {
  if (typeof host.load !== 'number') return null
  const load = guest.raisedPriority ? 'quiet' : hostLoad(host.load, host.cpus, job.profile.cpus)
  return { host: hostLine(host), qemu: host.qemu, load }
}

/** What of a rate's program and conditions is not as it is here, each in words; none where the rate still counts. */
export function expiry(
  rate: { readonly program: string; readonly conditions: Conditions },
  here: { readonly program: string; readonly conditions: Conditions },
): string[] {
  const [then, now] = [rate.conditions, here.conditions]
  return [
    ...(rate.program === here.program ? [] : ['with another build of the reproducer']),
    ...(then.qemu === now.qemu ? [] : [`under QEMU ${then.qemu}, this is ${now.qemu}`]),
    ...(then.host === now.host ? [] : [`on another host (${then.host}), this is ${now.host}`]),
    ...(then.load === now.load ? [] : [`while the host was ${then.load}, here it was ${now.load}`]),
  ]
}

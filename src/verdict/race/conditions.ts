/** The conditions of a rate: read from evidence, compared with others, described in words. */
import type { Conditions, HostLoad } from '#domain/control.ts'
import type { Evidence } from '#domain/evidence.ts'

/**
 * Share of its vCPUs for which a guest must find a free CPU. The two sides of a race spin for each other: if two vCPUs share
 * 1.5 CPUs, one side waits in every second round.
 */
const FREE_SHARE = 0.75

/** Whether a guest of `wanted` vCPUs finds the host quiet. `load` is the share (0..1) of its `cpus` CPUs that others use. */
export function hostLoad(load: number, cpus: number, wanted: number): HostLoad {
  return (1 - load) * cpus < FREE_SHARE * Math.min(wanted, cpus) ? 'loaded' : 'quiet'
}

/** The host in one line, the key of stored rates. */
export function hostLine({ kernel, cpuModel, cpus }: Pick<Evidence['host'], 'kernel' | 'cpuModel' | 'cpus'>): string {
  return `${kernel}, ${cpus} x ${cpuModel}`
}

/**
 * The conditions of an attempt; null where the load of the host was not measured. A guest with raised priority finds the host
 * quiet, however busy it is.
 */
export function conditionsOf({ host, guest, job }: Evidence): Conditions | null {
  if (typeof host.load !== 'number') return null
  const load = guest.raisedPriority ? 'quiet' : hostLoad(host.load, host.cpus, job.profile.cpus)
  return { host: hostLine(host), qemu: host.qemu, load }
}

/** What differs between the program and conditions of a rate and those here, each in words; empty where the rate counts. */
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

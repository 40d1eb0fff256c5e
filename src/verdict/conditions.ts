/** What a rate was measured under: read from evidence, held against another's, put in words. */
import type { Conditions, HostLoad } from '../domain/control.ts'
import type { Evidence } from '../domain/evidence.ts'

/**
 * Share of the host's CPU time from which on others are in the way. A race has two vCPUs spinning for each other; on
 * two CPUs a quarter is half a CPU, which takes a vCPU's turn in every second round.
 */
const LOADED_FROM = 0.25

/** Whether others (a share of the host's CPU time, 0..1) leave the host to the guests. */
export function hostLoad(load: number): HostLoad {
  return load < LOADED_FROM ? 'quiet' : 'loaded'
}

/** The host in one line, as rates are filed under it. */
export function hostLine({ kernel, cpuModel, cpus }: Pick<Evidence['host'], 'kernel' | 'cpuModel' | 'cpus'>): string {
  return `${kernel}, ${cpus} x ${cpuModel}`
}

/** What an attempt was made under; null where the load of the host was not measured. */
export function conditionsOf({ host }: Evidence): Conditions | null {
  return host.load === null ? null : { host: hostLine(host), qemu: host.qemu, load: hostLoad(host.load) }
}

/** Whether two attempts were made under the same. */
export function sameConditions(left: Conditions, right: Conditions): boolean {
  return left.host === right.host && left.qemu === right.qemu && left.load === right.load
}

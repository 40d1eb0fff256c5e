/** Machines in use as options name them: by --host, in an inventory, or as selectors of kernels (`running`, `ssh:HOST`). */
import { parseHost, readInventory, type NamedHost } from '#harness/check/inventory.ts'
import { isMachineSelector, RUNNING, SSH } from '#harness/kernels/selector.ts'
import { UserError } from '#domain/errors.ts'

/** Machines asked at once: each takes a core here only while it connects. */
export const DEFAULT_PARALLEL = 16

/** Machines, each once. */
export interface NamedMachines {
  /** The machine that kwitness runs on is one of them. */
  readonly running: boolean
  /** Those that ssh reaches. */
  readonly hosts: readonly NamedHost[]
}

/** The hosts, when each is named once. Throws UserError otherwise. */
function eachOnce(hosts: readonly NamedHost[]): readonly NamedHost[] {
  const twice = hosts.find(({ name }, at) => hosts.findIndex((other) => other.name === name) < at)
  if (twice) throw new UserError(`${twice.name} is named twice`, 'name each machine once')
  return hosts
}

/** The machines of `kwitness check`: this one where none is named. Throws UserError for one that is named twice. */
export async function namedMachines(names: readonly string[] = [], inventory?: string): Promise<NamedMachines> {
  const hosts = [...names.map(parseHost), ...(inventory === undefined ? [] : await readInventory(inventory))]
  return { running: hosts.length === 0, hosts: eachOnce(hosts) }
}

/** What selectors name: machines in use, null without any, and kernels that are booted. */
export interface SplitSelectors {
  readonly machines: NamedMachines | null
  readonly kernels: readonly string[]
}

/** Split selectors into machines in use and kernels that are booted. Throws UserError for a machine that is named twice. */
export function splitMachines(selectors: readonly string[]): SplitSelectors {
  const named = selectors.filter(isMachineSelector)
  const hosts = named
    .filter((text) => text !== RUNNING)
    .map((text) => parseHost(text.startsWith(`${SSH}//`) ? text : text.slice(SSH.length)))
  const machines = named.length === 0 ? null : { running: named.includes(RUNNING), hosts: eachOnce(hosts) }
  return { machines, kernels: selectors.filter((text) => !isMachineSelector(text)) }
}

/** Options of a run that need guests. */
interface GuestOptions {
  readonly suite?: string | undefined
  readonly tree?: string | undefined
  readonly dryRun?: true | undefined
  readonly gitTree?: string | undefined
}

/** Throws UserError for options that machines in use cannot follow. */
export function refuseForMachines({ suite, tree, dryRun, gitTree }: GuestOptions, besideGuests: boolean): void {
  if (suite !== undefined || tree !== undefined)
    throw new UserError('--suite asks guests, not machines in use', 'leave out running and ssh:')
  if (dryRun)
    throw new UserError('--dry-run cannot plan for machines in use: only they tell their kernels', 'leave out running and ssh:')
  if (gitTree !== undefined && !besideGuests) {
    throw new UserError('--git-tree goes with guests', 'kwitness report --git-tree compares the stored run with a git tree')
  }
}

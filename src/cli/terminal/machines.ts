/** Machines in use are asked with progress on the terminal, until a signal comes. */
import type { Target } from '#harness/check/ask.ts'
import { remoteTarget } from '#harness/check/remote.ts'
import { runningTarget } from '#harness/check/running.ts'
import type { Program } from '#harness/image/program.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { writeSshConfig, type SshConfig } from '#harness/transport/command/ssh.ts'
import type { Answers } from '#run/check/answers.ts'
import { askMachines, checkHosts, type CheckRequest, type StoredCheck } from '#run/check/check.ts'
import { DEFAULT_PARALLEL, type NamedMachines } from '../options/machines.ts'
import { given } from '../options/values.ts'
import { createProgress, type Progress } from '../output/progress.ts'
import { createKernelContext } from './kernel-context.ts'
import { untilSignal } from './signals.ts'

/** Options about machines in use, as commands have them. */
export interface MachineOptions {
  readonly cases?: readonly string[] | undefined
  readonly catalogue?: string | undefined
  readonly seed?: string | undefined
  readonly sshConfig?: string | undefined
  readonly parallel?: number | undefined
  readonly allowDestructive?: true | undefined
  readonly verbose?: true | undefined
}

/** Whether a person can be asked: not in CI, whose jobs have no terminal, nor where the input or the messages go elsewhere. */
function isAtTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && process.env['CI'] === undefined
}

/** How the machines are asked by a program. `config` is null where no machine is reached by ssh. */
function targetsOf({ running, hosts }: NamedMachines, program: Program, config: SshConfig | null): Target[] {
  const remote = config === null ? [] : hosts.map(({ name, address }) => remoteTarget(name, address, program, config))
  return running ? [runningTarget(program), ...remote] : remote
}

/** Do `work` with a request for these machines, whose configuration of ssh is there meanwhile. */
async function withRequest<T>(
  machines: NamedMachines,
  options: MachineOptions,
  onQuestion: () => void,
  work: (request: CheckRequest) => Promise<T>,
): Promise<T> {
  const { cases = ['all'], catalogue, seed, allowDestructive, parallel = DEFAULT_PARALLEL } = options
  const config = machines.hosts.length > 0 ? await writeSshConfig(options.sshConfig) : null
  try {
    return await work({
      cases,
      allowDestructive: allowDestructive === true,
      parallel,
      beforeIntroduction: isAtTerminal() ? onQuestion : null,
      targets: async (program: Program): Promise<readonly Target[]> => targetsOf(machines, program, config),
      ...given({ catalogue, seed }),
    })
  } finally {
    await config?.remove()
  }
}

/** Ask machines and store what they answer; null when a signal ended that. The caller closes the store. */
export async function checkMachines(machines: NamedMachines, options: MachineOptions): Promise<StoredCheck | null> {
  const progress = createProgress(process.stderr, () => performance.now())
  const found: { check: StoredCheck | null } = { check: null }
  try {
    const finished = await untilSignal(async (signal) => {
      const context = createKernelContext(given({ verbose: options.verbose }), progress, signal)
      found.check = await withRequest(machines, options, progress.end, (request) =>
        checkHosts(request, context, progress.onEvent),
      )
    })
    if (finished) return found.check
    found.check?.store.close()
    return null
  } finally {
    progress.end()
  }
}

/** Ask machines for a run that has guests, too. */
export function askBeside(
  machines: NamedMachines,
  options: MachineOptions,
  context: KernelContext,
  progress: Progress,
): Promise<Answers> {
  return withRequest(machines, options, progress.end, (request) => askMachines(request, context, progress.onEvent))
}

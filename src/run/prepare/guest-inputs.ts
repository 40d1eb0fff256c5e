/** What the guests of a run need of this machine: facts of the host, the agent's initramfs, and the compiled programs. */
import { readHost } from '#harness/boot/qemu/host.ts'
import { buildInitramfs } from '#harness/image/initramfs.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { inRepository } from '#harness/support/repository.ts'
import { startSpan } from '#harness/support/spans.ts'
import type { Case } from '#domain/case.ts'
import { unreachable, UserError } from '#domain/errors.ts'
import type { Plan } from '#plan/plan.ts'
import type { GuestInputs } from '../context/context.ts'
import { buildReproducers } from './reproducers.ts'
import { findSuitePrograms } from './suite-programs.ts'

type MakeContext = Pick<KernelContext, 'workspace' | 'signal'>

/** Look at the host and compile the agent. */
export async function makeHostInputs({ workspace }: MakeContext): Promise<Omit<GuestInputs, 'programs'>> {
  const [host, initramfs] = await Promise.all([inspectHost(workspace.cache), buildAgent(workspace.cache)])
  return { host, initramfs }
}

async function inspectHost(cache: string): Promise<GuestInputs['host']> {
  using _ = startSpan('look at host')
  return await readHost(cache)
}

async function buildAgent(cache: string): Promise<GuestInputs['initramfs']> {
  using _ = startSpan('initramfs')
  return await buildInitramfs(cache, inRepository('vm-images', 'guest'))
}

/** Look at the host, compile the agent and these cases. Throws UserError for a case that does not compile. */
export async function makeGuestInputs(cases: readonly Case[], context: MakeContext): Promise<GuestInputs> {
  return { ...(await makeHostInputs(context)), programs: await buildReproducers(cases, context) }
}

/** What the guests of a stored plan need. Throws UserError for a program that does not compile or is not the plan's any more. */
export async function guestInputsOf(plan: Plan, context: KernelContext): Promise<GuestInputs> {
  switch (plan.kind) {
    case 'suite':
      return { ...(await makeHostInputs(context)), programs: await findSuitePrograms(plan, context) }
    case 'matrix':
    case 'search':
    case 'controls':
    case 'sweep':
    case 'verify':
    case 'bisect':
      return makeGuestInputs(plan.cases, context)
    case 'check':
      throw new UserError('a check of machines cannot be resumed', 'kwitness check asks them again')
    default:
      return unreachable(plan)
  }
}

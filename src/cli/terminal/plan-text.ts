/** The plan of a run as text, before anything is booted. */
import type { Kernel } from '#domain/kernel.ts'
import { cellsOf, isOfMachine } from '#plan/cells.ts'
import { expectedSeconds } from '#plan/estimates.ts'
import type { Plan } from '#plan/plan.ts'
import type { ReusePlan } from '#run/reuse/reuse.ts'

/** Kernels by their versions; those that share one by their ids. */
function namesOf(kernels: readonly Kernel[]): string[] {
  const byVersion = Map.groupBy(kernels, ({ version }) => version)
  return kernels.map(({ version, id }) => (byVersion.get(version)!.length > 1 ? id : version))
}

/** The plan in a few lines, for a person, with what is reused of it. */
export function describePlan(plan: Plan, reuse: ReusePlan | undefined): string {
  const cells = cellsOf(plan)
  const inGuests = cells.filter(({ kernel }) => !isOfMachine(kernel))
  const answered = cells.length - inGuests.length
  const known = new Set(reuse?.attempts.map(({ evidence: { job } }) => `${job.kernel}/${job.case}`))
  const fresh = inGuests.filter((cell) => !known.has(`${cell.kernel.id}/${cell.case.id}`))
  const emulated = new Set(inGuests.filter(({ profile }) => profile.accelerator !== plan.accelerator).map((cell) => cell.case.id))
  const races = plan.cases.filter(({ oracle }) => oracle === 'statistical').length
  const seconds = fresh.reduce((sum, cell) => sum + expectedSeconds(plan, cell.case), 0)
  const probability = plan.maxMissProbability.toExponential()
  const series = Map.groupBy(plan.kernels, (kernel) => kernel.series)
  const [noun, what] =
    plan.kind === 'suite' ? ['programs', `programs of ${plan.suite.name} (${plan.suite.tree.label})`] : ['cases', 'cases']
  const size = `${plan.kernels.length} kernels x ${plan.cases.length} ${what} = ${cells.length} cells`
  const onMachines = answered === 0 ? '' : `, ${answered} of machines in use`
  return [
    `plan: ${size}${onMachines}, ${plan.accelerator}, seed ${plan.seed}`,
    ...[...series].map(([name, own]) => `  ${name} ${namesOf(own).join(' ')}`),
    `  ${noun}: ${plan.cases.map(({ id }) => id).join(' ')}`,
    `  attempts of ${fresh.length} cells: about ${Math.ceil(seconds)} s one after the other, boots not counted`,
    ...(races > 0
      ? [`  races: ${races}, alone, ${plan.raceSeconds} s for each, believed at a miss probability of ${probability}`]
      : []),
    ...(emulated.size > 0 ? [`  under TCG, where QEMU's debugger steps them: ${[...emulated].join(' ')}`] : []),
  ].join('\n')
}

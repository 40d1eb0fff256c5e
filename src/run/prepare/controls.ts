/** Controls: the kernels of vm-images/controls whose answer is known, chosen and found for a run that measures them. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { selectTreeKernel, type KernelContext } from '#harness/kernels/index.ts'
import type { Case } from '#domain/case.ts'
import type { Control } from '#domain/control.ts'
import { UserError } from '#domain/errors.ts'
import type { ListedKernel } from '#domain/kernel.ts'
import { readControlEntries } from './catalogue.ts'
import type { ControlEntry } from '#schema/catalogue/controls.ts'

/** The folder of the product's own controls. */
export const CONTROLS = inRepository('vm-images', 'controls')

export interface ControlsRequest {
  /** Series such as `5.10`; all when empty. */
  readonly series: readonly string[]
  /** Fixes as SERIES/FIX.patch names them, or the beginning of a name; all when empty. */
  readonly fixes: readonly string[]
}

/** Controls with the kernels they are about: each base once, before the controls made from it. */
export interface FoundControls {
  readonly kernels: readonly ListedKernel[]
  readonly controls: readonly Control[]
}

/** Where the patch of a control lies. */
export function patchOf(folder: string, { series, fix }: Pick<ControlEntry, 'series' | 'fix'>): string {
  return join(folder, series, `${fix}.patch`)
}

/**
 * The controls that a folder lists in its controls.json. Throws UserError for a list that cannot be read, an entry whose patch
 * is not there, and one that names a case this catalogue does not have.
 */
export async function readControls(folder: string, catalogue: readonly Pick<Case, 'id'>[]): Promise<ControlEntry[]> {
  const list = join(folder, 'controls.json')
  const entries = await readControlEntries(list)
  for (const entry of entries) {
    const unknown = [entry.case, ...entry.blinds].find((name) => !catalogue.some(({ id }) => id === name))
    const which = `${list}: the control ${entry.fix} of ${entry.series}`
    if (unknown !== undefined) throw new UserError(`${which} names a case that is not there: ${unknown}`, 'kwitness cases list')
    const patch = patchOf(folder, entry)
    if (!(await stat(patch).catch(() => null))?.isFile()) throw new UserError(`${which} has no patch`, `it belongs at ${patch}`)
  }
  return entries
}

/** The controls that the request names and whose own case is among the cases. Throws UserError for a name without a control. */
export function chooseControls(
  entries: readonly ControlEntry[],
  { series, fixes }: ControlsRequest,
  cases: readonly Pick<Case, 'id'>[],
): ControlEntry[] {
  const isOfSeries = (entry: ControlEntry, name: string) => entry.series === name
  const hasFix = (entry: ControlEntry, fix: string) => entry.fix.startsWith(fix) || fix.startsWith(entry.fix)
  const unknown =
    series.find((name) => !entries.some((entry) => isOfSeries(entry, name))) ??
    fixes.find((fix) => !entries.some((entry) => hasFix(entry, fix)))
  const known = [...new Set(entries.map((entry) => entry.series)), ...new Set(entries.map(({ fix }) => fix))].join(', ')
  if (unknown !== undefined) throw new UserError(`there is no control of ${unknown}`, `there are: ${known}`)
  const chosen = entries.filter(
    (entry) =>
      (series.length === 0 || series.some((name) => isOfSeries(entry, name))) &&
      (fixes.length === 0 || fixes.some((fix) => hasFix(entry, fix))) &&
      cases.some(({ id }) => id === entry.case),
  )
  if (chosen.length > 0) return chosen
  throw new UserError('no control is left to measure', 'the fix must be one of the series, and its case among the chosen ones')
}

/** Find the kernels of these controls: known by name, not built yet. Throws what the tree provider throws. */
export async function findControls(
  folder: string,
  entries: readonly ControlEntry[],
  context: KernelContext,
): Promise<FoundControls> {
  const kernels: ListedKernel[] = []
  const controls: Control[] = []
  for (const [series, own] of Map.groupBy(entries, (entry) => entry.series)) {
    const place = { kind: 'debian', package: `linux-source-${series}`, build: null } as const
    const base = await selectTreeKernel({ place, patches: [], configs: [] }, context)
    kernels.push(base)
    for (const entry of own) {
      const kernel = await selectTreeKernel({ place, patches: [patchOf(folder, entry)], configs: [] }, context)
      const { fix, kind, blinds } = entry
      const summary = `${fix} ${kind === 'bad' ? 'taken out of' : 'put into'} ${base.origin}`
      kernels.push(kernel)
      controls.push({ kernel: kernel.id, base: base.id, series, fix, kind, case: entry.case, blinds, summary })
    }
  }
  return { kernels, controls }
}

/** An interactive guest of one kernel: its shell on one port, its kernel log on the other. */
import { join } from 'node:path'
import { bootFile, BOOT_METHODS } from '#harness/boot/qemu/boot.ts'
import { qemuArguments } from '#harness/boot/qemu/argv.ts'
import { startQemu, type RunningQemu } from '#harness/boot/qemu/process.ts'
import { buildExternalModules } from '#harness/image/external-module.ts'
import { writeShellInitramfs, type ShellCase } from '#harness/image/shell-initramfs.ts'
import { fetchKernel, fetchModules, type KernelContext } from '#harness/kernels/index.ts'
import { reportProgress } from '#harness/kernels/provider/provider.ts'
import { openScratch } from '#harness/support/scratch.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { profileName, type GuestProfile } from '#domain/profile.ts'
import { cellsOf, modulesOf, type Cell } from '#plan/cells.ts'
import { oneKernel } from './prepare/one-kernel.ts'
import type { Prepared } from './prepare/prepare.ts'

/** Rows and columns of the terminal that the shell is shown on. */
export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

const PLAIN_PROFILE = { arch: 'x86_64', cpus: 1, memoryMiB: 512, cmdline: [] } as const

/** One guest that has what every case asks for. Throws UserError where their kernel arguments differ. */
function profileFor(cells: readonly Cell[], accelerator: GuestProfile['accelerator']): GuestProfile {
  const profiles = cells.map(({ profile }) => profile)
  const [first, ...others] = profiles
  if (!first) return { ...PLAIN_PROFILE, accelerator }
  const other = others.find(({ cmdline }) => cmdline.join(' ') !== first.cmdline.join(' '))
  if (other) {
    const [one, another] = [profileName(first), profileName(other)]
    throw new UserError(`these cases want different guests: ${one}, ${another}`, 'name one of them')
  }
  const largest = (key: 'cpus' | 'memoryMiB'): number => Math.max(...profiles.map((profile) => profile[key]))
  return { ...first, cpus: largest('cpus'), memoryMiB: largest('memoryMiB') }
}

/**
 * Boot the kernel into a shell with the programs of the cases in it. The shell reads and writes `agent` of what is returned;
 * QEMU ends with the shell. Throws UserError where busybox is not available, what a case asks for is not, or no image boots.
 */
export async function startShell(
  { common: { kernels, accelerator }, inputs: { host, programs } }: Prepared,
  cases: readonly Case[],
  selector: string,
  size: TerminalSize,
  context: KernelContext,
): Promise<RunningQemu> {
  const kernel = oneKernel(kernels, {
    rule: 'a shell runs on one kernel',
    selector,
    line: (id) => `kwitness shell ${id}`,
    note: (text) => reportProgress(context, null, text),
  })
  const cells = cellsOf({ kernels: [kernel], cases, accelerator })
  const profile = profileFor(cells, accelerator)
  const image = await fetchKernel(kernel, context)
  if (image.disk !== undefined) {
    throw new UserError(
      `${kernel.id} is on a disk, which kwitness shell does not boot`,
      `boot a layer above it yourself: qemu-system-x86_64 -nographic -m 1G -drive file=${image.disk.path},snapshot=on`,
    )
  }
  const bootMethod = BOOT_METHODS.find((method) => bootFile(image, method) !== null)
  const file = bootMethod && bootFile(image, bootMethod)
  if (!bootMethod || !file) throw new UserError(`${kernel.id} has no image that QEMU can boot`)
  const modules = await fetchModules(kernel, [...new Set(cells.flatMap(modulesOf))], context)
  const shellCases = cells.map(async ({ case: theCase }): Promise<ShellCase> => {
    const program = programs.get(theCase.id)?.path ?? ''
    return { id: theCase.id, program, externalModules: await buildExternalModules(theCase, kernel, context) }
  })
  const initramfs = join(await openScratch(context.workspace.cache), 'shell.cpio')
  await writeShellInitramfs(initramfs, { ...size, modules, cases: await Promise.all(shellCases) })
  const spec = { bootMethod, profile, kernel: file, initramfs, memory: { kind: 'plain' }, payload: null } as const
  const options = context.signal === undefined ? {} : { signal: context.signal }
  return startQemu(qemuArguments({ ...spec, tscKhz: host.tscKhz }), options)
}

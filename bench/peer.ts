/** virtme-ng as the peer: the same `true` on the same kernel and accelerator, each in turn, in one run. */
import { readdirSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { executeJob } from '#harness/attempt.ts'
import type { BootInputs } from '#harness/boot/qemu/boot.ts'
import { GuestSource } from '#harness/boot/guests.ts'
import { readHost } from '#harness/boot/qemu/host.ts'
import { buildInitramfs } from '#harness/image/initramfs.ts'
import { createPayloads } from '#harness/image/payload.ts'
import { buildProgram } from '#harness/image/program.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { runCommand } from '#harness/support/process.ts'
import type { Job } from '#domain/job.ts'
import { quote } from '#render/bisect/script.ts'
import { chooseAccelerator } from './support/accelerator.ts'
import { median, type Row } from './support/figures.ts'
import { measureFloor } from './support/floor.ts'
import { openPlace, printRows, readOptions } from './support/setup.ts'

const HELP = `node bench/peer.ts [--kernel FILE] [--rounds N] [--accel kvm|tcg] [--json]

Runs \`true\` on the kernel FILE (default: the newest /boot/vmlinuz-*, whose modules virtme-ng wants below /lib/modules):
by \`vng --exec true\`, by kwitness in a guest booted for it, and in one restored from a saved guest, one after the other
in every round (default: 3). Host seconds from the command, or the job, to its end; and of our boot to the agent's first
word. The floor is QEMU's own start. Needs virtme-ng (Debian 13 and later: virtme-ng), script of util-linux for the terminal that
it wants, and a kernel with 9p, which cloud kernels lack; exit 2 where it is not installed.`

const MEMORY_MIB = 512
const values = readOptions(HELP, { kernel: undefined, rounds: '3', accel: undefined })

const installed = readdirSync('/boot')
  .filter((name) => name.startsWith('vmlinuz-'))
  .toSorted()
  .at(-1)
const file = values.kernel ?? (installed === undefined ? null : join('/boot', installed))
const peer = await runCommand('vng', ['--version']).then(
  ({ stdout }) => stdout.trim(),
  () => null,
)
if (file === null || peer === null) {
  const missing = 'virtme-ng is not installed: apt-get install virtme-ng'
  console.error(peer === null ? missing : 'there is no /boot/vmlinuz-*: give --kernel FILE')
  process.exit(2)
}

await using place = await openPlace()
const { context, cache, scratch } = place
const rows = await measure(file)
printRows(rows, { json: values.json, above: [`${peer}, ${file}`], below: ratios(rows) })

async function measure(kernelFile: string): Promise<Row[]> {
  const [kernel] = await selectKernels([`file:${kernelFile}`], context)
  if (!kernel) throw new Error(`no kernel is ${kernelFile}`)
  const image = await fetchKernel(kernel, context)
  const host = await readHost(cache)
  const initramfs = await buildInitramfs(cache, inRepository('vm-images', 'guest'))
  const { accelerator, limitSeconds } = await chooseAccelerator(cache, { image, initramfs, host }, values.accel)
  const source = join(scratch, 'true.c')
  await writeFile(source, 'int main(void)\n{\n\treturn 0;\n}\n')
  const program = await buildProgram(cache, [source], [])
  const profile = { arch: 'x86_64', accelerator, cpus: 1, memoryMiB: MEMORY_MIB, cmdline: [] } as const
  const inputs: BootInputs = { image, initramfs, profile, host }
  const limits = { bootSeconds: limitSeconds, silenceSeconds: limitSeconds, caseSeconds: limitSeconds }
  const job: Job = {
    kernel: kernel.id,
    case: 'true',
    profile,
    program: program.sha256,
    args: [],
    modules: [],
    externalModules: [],
    seed: '1',
    attempt: 1,
    limits,
  }

  /** One attempt of `true`: seconds of the whole, and until its guest was ready. */
  async function attempt(noSnapshot: boolean): Promise<{ readonly seconds: number; readonly ready: number }> {
    const guests = new GuestSource(cache, { noSnapshot, note: console.error })
    if (!noSnapshot) await guests.prepareSnapshot(inputs, { limitSeconds })
    const {
      evidence: { ending, guest, seconds },
    } = await executeJob(job, {
      inputs,
      guests,
      payload: await createPayloads(scratch)({ program: program.path, args: [], modules: [], externalModules: [] }),
      scratch: await mkdtemp(join(scratch, 'attempt-')),
      raisesPriority: false,
      host: { ...host, load: null },
    })
    if (ending.kind !== 'exited' || ending.exit.code !== 0) throw new Error(`true ended as ${JSON.stringify(ending)}`)
    return { seconds, ready: guest.readySeconds ?? 0 }
  }

  /** The same by virtme-ng, with as many CPUs and as much memory. */
  async function byPeer(): Promise<number> {
    const kvm = accelerator === 'kvm' ? [] : ['--disable-kvm']
    const words = ['vng', '-r', kernelFile, ...kvm, '--cpus', '1', '--memory', `${MEMORY_MIB}M`, '--exec', 'true']
    const started = performance.now()
    /* It wants a terminal of its own (1.35: "not a valid pts"). */
    await runCommand('script', ['-qefc', words.map(quote).join(' '), '/dev/null'])
    return (performance.now() - started) / 1000
  }

  const theirs: number[] = []
  const booted: { readonly seconds: number; readonly ready: number }[] = []
  const restored: number[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    theirs.push(await byPeer())
    booted.push(await attempt(true))
    restored.push((await attempt(false)).seconds)
  }
  const floor = median(await measureFloor(9))
  const budget = median(theirs) / 8
  return [
    { what: 'virtme-ng, true', seconds: theirs, floor },
    { what: 'kwitness booted, to the first word', seconds: booted.map(({ ready }) => ready), floor, budget },
    { what: 'kwitness booted, true', seconds: booted.map(({ seconds }) => seconds), floor },
    { what: 'kwitness restored, true', seconds: restored, floor },
  ]
}

/** How many times longer the peer took, by medians. */
function ratios([theirs, ...ours]: readonly Row[]): string[] {
  const times = (seconds: readonly number[]): string => (median(theirs?.seconds ?? []) / median(seconds)).toFixed(1)
  return ours.map(({ what, seconds }) => `${what}: virtme-ng takes ${times(seconds)} times as long`)
}

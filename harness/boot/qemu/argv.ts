/** Build QEMU's command line from plain data. */
import type { BootMethod, GuestProfile } from '#domain/profile.ts'
import { diskArguments, type DiskSpec } from './disk-argv.ts'
import { PAYLOAD_MIB } from '#harness/image/payload.ts'

/** File descriptors that every QEMU inherits: no socket file to clean up, and nothing on the network. */
export const FD = { qmp: 3, console: 4, agent: 5, state: 6, control: 7, library: 8, debugIn: 9, debugOut: 10, marks: 11 } as const

/** Where a guest's RAM is. `template` shares it with the file, for a snapshot; `private` maps the file copy-on-write. */
export type GuestMemory =
  | { readonly kind: 'plain' }
  | { readonly kind: 'template'; readonly file: string }
  | { readonly kind: 'private'; readonly file: string }

export interface GuestSpec {
  readonly bootMethod: BootMethod
  readonly profile: GuestProfile
  /** Path of the file that the boot method boots: vmlinux or bzImage; empty where a disk boots. */
  readonly kernel: string
  readonly initramfs: string
  readonly memory: GuestMemory
  /** Path of the payload, a file of PAYLOAD_MIB; null for a guest that only boots. */
  readonly payload: string | null
  /** Rate of the host's time stamp counter in kHz. */
  readonly tscKhz: number
  /** For a fork server: its sandbox allows fork, and its children forbid it themselves (fork/sandbox.c). */
  readonly forks?: boolean
  /** With a port for QEMU's debugger, which stops one vCPU while the other runs. TCG only. */
  readonly debug?: boolean
  /** For a guest with a disk and an sshd. */
  readonly disk?: DiskSpec | undefined
}

/**
 * QEMU's machine types. microvm has minimal firmware and no PCI, which saves most of the time of a boot under TCG. Without a PIC:
 * nobody sets it up, for the kernel takes a hardware-reduced ACPI to have none, and SeaBIOS (microvm's firmware from Debian 13
 * on) leaves LINT0 open to it. So a tick of the PIT can reach the kernel as vector 0, a division by zero
 * (findings/qemu-microvm-first-tick-divides-by-zero.sh).
 */
const MACHINE_TYPES: Readonly<Record<BootMethod, string>> = {
  'microvm-pvh': 'microvm,pic=off,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off',
  'microvm-bzimage': 'microvm,pic=off,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off',
  'pc-bzimage': 'pc,usb=off',
  'pc-disk': 'pc,usb=off',
}

/**
 * In every kernel command line. `panic=-1` and `reboot=t` turn a panic into a triple fault, which ends QEMU because of
 * -no-reboot; microvm supports no other reset (QEMU, docs/system/i386/microvm.rst), and the kernel's last resort would run
 * the firmware over the dead guest. no_timer_check: on a loaded host the timer test fails under TCG.
 */
const CMDLINE = ['console=ttyS0', 'panic=-1', 'reboot=t', 'rdinit=/init', 'no_timer_check', 'cryptomgr.notests', 'numa=off']

/** QEMU puts RAM below this address (PC and microvm, where all of it does not fit below 3.5 GiB), and the rest from 4 GiB on. */
const LOW_RAM_MIB = 3072
const ALL_LOW_MIB = 3584

/** MiB, from address 0, at which the payload begins: right behind the RAM that the kernel uses. */
function payloadAddressMiB({ memoryMiB }: GuestProfile): number {
  return memoryMiB + PAYLOAD_MIB < ALL_LOW_MIB ? memoryMiB : memoryMiB + 4096 - LOW_RAM_MIB
}

/**
 * The kernel command line of a profile. Under TCG the guest reads the host's time stamp counter: it gets the rate, because
 * calibration fails on a loaded host (tsc.c), and `tsc=reliable`, because the clocksource watchdog of 5.10 compares it with
 * jiffies, which a loaded host loses. `mem=` ends before the payload, whose address is the argument of init.
 */
export function kernelCmdline(profile: GuestProfile, tscKhz: number): string {
  const tsc = profile.accelerator === 'tcg' ? [`tsc_early_khz=${tscKhz}`, 'tsc=reliable'] : []
  const end = payloadAddressMiB(profile)
  const address = `0x${(end * 2 ** 20).toString(16)}`
  return [...CMDLINE, `mem=${end}M`, ...tsc, ...profile.cmdline, '--', address].join(' ')
}

/** A path inside the value of an option. */
const inOption = (path: string): string => path.replaceAll(',', ',,')

/** Two nodes of memory, one behind the other: the guest's RAM and its payload. The kernel is told of no nodes (`numa=off`). */
function memoryArguments({ memory, profile, payload, bootMethod }: GuestSpec): string[] {
  const backend = (id: string, mib: number, file: string | null, share: boolean): string =>
    file === null
      ? `memory-backend-ram,id=${id},size=${mib}M`
      : `memory-backend-file,id=${id},size=${mib}M,mem-path=${inOption(file)},share=${share ? 'on' : 'off'}`
  const isTemplate = memory.kind === 'template'
  // Its kernel cannot be told where its memory ends: what an attempt runs comes by SFTP.
  const hasPayload = bootMethod !== 'pc-disk'
  const ram = memory.kind === 'plain' ? null : memory.file
  /* What is shared is not saved. */
  const content = isTemplate ? payloadOfTemplate(memory.file) : payload
  const cpus = `0-${profile.cpus - 1}`
  if (!hasPayload) {
    const own = backend('ram', profile.memoryMiB, ram, isTemplate)
    return ['-m', `${profile.memoryMiB}M`, '-object', own, '-numa', `node,nodeid=0,cpus=${cpus},memdev=ram`]
  }
  return [
    '-m',
    `${profile.memoryMiB + PAYLOAD_MIB}M`,
    '-object',
    backend('ram', profile.memoryMiB, ram, isTemplate),
    '-object',
    backend('payload', PAYLOAD_MIB, content, isTemplate),
    '-numa',
    `node,nodeid=0,cpus=${cpus},memdev=ram`,
    '-numa',
    'node,nodeid=1,memdev=payload',
  ]
}

/** The file behind the payload of a guest that is saved with this file as its RAM. It is not part of the snapshot. */
export function payloadOfTemplate(ram: string): string {
  return `${ram}.payload`
}

/** Programs of a user's disk may be built for newer CPUs than QEMU's default model. */
function cpuArguments({ profile, disk }: GuestSpec): string[] {
  if (profile.accelerator === 'kvm') return ['-cpu', 'host']
  return disk === undefined || disk.access === 'shared' ? [] : ['-cpu', 'max']
}

/** Arguments of qemu-system-x86_64 for this guest; the same spec gives the same arguments. */
export function qemuArguments(spec: GuestSpec): string[] {
  const { profile, bootMethod } = spec
  // Single-stepping keeps timers out of the guest in this loop alone, and needs one host CPU.
  const tcg = `tcg,thread=${spec.debug ? 'single' : 'multi'}`
  const debug = spec.debug
    ? [
        // What guest code writes there stops the guest (process.ts).
        '-chardev',
        `file,id=marks,path=/dev/fd/${FD.marks}`,
        '-device',
        'isa-debugcon,chardev=marks',
      ]
    : []
  return [
    '-machine',
    MACHINE_TYPES[bootMethod],
    '-accel',
    profile.accelerator === 'tcg' ? tcg : 'kvm',
    ...cpuArguments(spec),
    '-smp',
    String(profile.cpus),
    ...memoryArguments(spec),
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    ...diskArguments(spec.disk),
    '-sandbox',
    `on,obsolete=deny,elevateprivileges=deny,${spec.forks ? '' : 'spawn=deny,'}resourcecontrol=deny`,
    '-chardev',
    `socket,id=qmp,fd=${FD.qmp}`,
    '-mon',
    'chardev=qmp,mode=control',
    '-chardev',
    `file,id=console,path=/dev/fd/${FD.console}`,
    '-device',
    'isa-serial,chardev=console,index=0',
    '-chardev',
    `socket,id=agent,fd=${FD.agent}`,
    '-device',
    'isa-serial,chardev=agent,index=1',
    ...debug,
    ...(bootMethod === 'pc-disk'
      ? []
      : ['-kernel', spec.kernel, '-initrd', spec.initramfs, '-append', kernelCmdline(profile, spec.tscKhz)]),
    ...(spec.memory.kind === 'private' ? ['-incoming', 'defer'] : []),
  ]
}

/** Ways to boot a kernel that is a file of its own. */
const KERNEL_METHODS: readonly BootMethod[] = ['microvm-pvh', 'microvm-bzimage', 'pc-bzimage']

/**
 * All of QEMU's arguments that can decide an answer, for each way to boot. Paths, and the rate of the host's time stamp counter,
 * which only spares the guest a calibration, are left empty.
 */
export function machineIdentity(profile: GuestProfile, debug: boolean): readonly (readonly string[])[] {
  const spec = { profile, debug, kernel: '', initramfs: '', memory: { kind: 'plain' }, payload: null, tscKhz: 0 } as const
  return KERNEL_METHODS.map((bootMethod) => qemuArguments({ ...spec, bootMethod }))
}

/** Build QEMU's command line from plain data. */
import type { BootMethod, GuestProfile } from '#domain/profile.ts'

/** File descriptors that every QEMU inherits: no socket file to clean up, and nothing on the network. */
export const FD = { qmp: 3, console: 4, agent: 5, state: 6, control: 7, library: 8 } as const

/** Where a guest's RAM is. `template` shares it with the file, for a snapshot; `private` maps the file copy-on-write. */
export type GuestMemory =
  | { readonly kind: 'plain' }
  | { readonly kind: 'template'; readonly file: string }
  | { readonly kind: 'private'; readonly file: string }

export interface GuestSpec {
  readonly bootMethod: BootMethod
  readonly profile: GuestProfile
  /** Path of the file that the boot method boots: vmlinux or bzImage. */
  readonly kernel: string
  readonly initramfs: string
  readonly memory: GuestMemory
  /** Path of the payload; null for a guest that only boots. */
  readonly payload: string | null
  /** Rate of the host's time stamp counter in kHz. */
  readonly tscKhz: number
  /** For a fork server: its sandbox allows fork, and its children forbid it themselves (fork/sandbox.c). */
  readonly forks?: boolean
}

/** QEMU's machine types. microvm has minimal firmware and no PCI, which saves most of the time of a boot under TCG. */
const MACHINE_TYPES: Readonly<Record<BootMethod, string>> = {
  'microvm-pvh': 'microvm,pic=on,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off',
  'microvm-bzimage': 'microvm,pic=on,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off',
  'pc-bzimage': 'pc,usb=off',
}

/**
 * In every kernel command line. `panic=-1` and `reboot=t` turn a panic into a triple fault, which ends QEMU because of
 * -no-reboot; microvm supports no other reset (QEMU, docs/system/i386/microvm.rst), and the kernel's last resort would run
 * the firmware over the dead guest. no_timer_check: on a loaded host the timer test fails under TCG.
 */
const CMDLINE = ['console=ttyS0', 'panic=-1', 'reboot=t', 'rdinit=/init', 'no_timer_check', 'cryptomgr.notests']

/**
 * The kernel command line of a profile. Under TCG the guest reads the host's time stamp counter: it gets the rate, because
 * calibration fails on a loaded host (tsc.c), and `tsc=reliable`, because the clocksource watchdog of 5.10 compares it with
 * jiffies, which a loaded host loses.
 */
export function kernelCmdline(profile: GuestProfile, tscKhz: number): string {
  const tsc = profile.accelerator === 'tcg' ? [`tsc_early_khz=${tscKhz}`, 'tsc=reliable'] : []
  return [...CMDLINE, ...tsc, ...profile.cmdline].join(' ')
}

function memoryArguments(spec: GuestSpec): { machine: string; options: readonly string[]; incoming: readonly string[] } {
  const { memory, profile } = spec
  if (memory.kind === 'plain') return { machine: '', options: [], incoming: [] }
  const share = memory.kind === 'template' ? 'on' : 'off'
  const file = memory.file.replaceAll(',', ',,')
  return {
    machine: ',memory-backend=ram',
    options: ['-object', `memory-backend-file,id=ram,size=${profile.memoryMiB}M,mem-path=${file},share=${share}`],
    incoming: memory.kind === 'private' ? ['-incoming', 'defer'] : [],
  }
}

/** Arguments of qemu-system-x86_64 for this guest; the same spec gives the same arguments. */
export function qemuArguments(spec: GuestSpec): string[] {
  const { profile, bootMethod } = spec
  const memory = memoryArguments(spec)
  const payload = spec.payload === null ? [] : ['-fw_cfg', `name=opt/kwitness/payload,file=${spec.payload.replaceAll(',', ',,')}`]
  return [
    '-machine',
    `${MACHINE_TYPES[bootMethod]}${memory.machine}`,
    '-accel',
    profile.accelerator === 'tcg' ? 'tcg,thread=multi' : 'kvm',
    ...(profile.accelerator === 'kvm' ? ['-cpu', 'host'] : []),
    '-smp',
    String(profile.cpus),
    '-m',
    `${profile.memoryMiB}M`,
    ...memory.options,
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    '-nic',
    'none',
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
    '-kernel',
    spec.kernel,
    '-initrd',
    spec.initramfs,
    '-append',
    kernelCmdline(profile, spec.tscKhz),
    ...payload,
    ...memory.incoming,
  ]
}

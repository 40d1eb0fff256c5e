/** QEMU's command line, built from plain data. */
import type { BootMethod, GuestProfile } from '#domain/profile.ts'

/** File descriptors every QEMU of ours inherits: no socket files, nothing to clean up, nothing on the network. */
export const FD = { qmp: 3, console: 4, agent: 5, state: 6, control: 7, library: 8 } as const

/** Where a guest's RAM lies. `template` keeps it in the file for others; `private` maps the file copy-on-write. */
export type GuestMemory =
  | { readonly kind: 'plain' }
  | { readonly kind: 'template'; readonly file: string }
  | { readonly kind: 'private'; readonly file: string }

export interface GuestSpec {
  readonly road: BootMethod
  readonly profile: GuestProfile
  /** vmlinux or bzImage, as the road wants. */
  readonly kernel: string
  readonly initramfs: string
  readonly memory: GuestMemory
  /** File the agent reads its case from; null for a guest that only boots. */
  readonly payload: string | null
  /** Rate of the host's time stamp counter, kHz. */
  readonly tscKhz: number
  /** It is a fork server: its sandbox allows that, and its children forbid it themselves (fork/sandbox.c). */
  readonly forks?: boolean
}

/** Machine words by road. microvm has no firmware worth the name and no PCI: most of a TCG boot is saved there. */
const MACHINES: Readonly<Record<BootMethod, string>> = {
  'microvm-pvh': 'microvm,pic=on,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off',
  'microvm-bzimage': 'microvm,pic=on,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off',
  'pc-bzimage': 'pc,usb=off',
}

/**
 * Words of every kernel command line. `panic=-1` with -no-reboot ends QEMU at a panic, by a triple fault (`reboot=t`): of
 * what else a kernel tries microvm knows nothing (QEMU, docs/system/i386/microvm.rst), and the last of it runs the firmware
 * over the guest that died. no_timer_check keeps a loaded host from failing the timer test under TCG.
 */
const CMDLINE = ['console=ttyS0', 'panic=-1', 'reboot=t', 'rdinit=/init', 'no_timer_check', 'cryptomgr.notests']

/**
 * The kernel command line of a profile. Under TCG the guest reads the host's counter: it is told the rate (see tsc.c), and
 * to trust it, since the watchdog of 5.10 holds it against jiffies that a loaded host loses, and takes it for broken.
 */
export function kernelCmdline(profile: GuestProfile, tscKhz: number): string {
  const tsc = profile.accelerator === 'tcg' ? [`tsc_early_khz=${tscKhz}`, 'tsc=reliable'] : []
  return [...CMDLINE, ...tsc, ...profile.cmdline].join(' ')
}

function memoryWords(spec: GuestSpec): { machine: string; words: readonly string[]; incoming: readonly string[] } {
  const { memory, profile } = spec
  if (memory.kind === 'plain') return { machine: '', words: [], incoming: [] }
  const share = memory.kind === 'template' ? 'on' : 'off'
  const file = memory.file.replaceAll(',', ',,')
  return {
    machine: ',memory-backend=ram',
    words: ['-object', `memory-backend-file,id=ram,size=${profile.memoryMiB}M,mem-path=${file},share=${share}`],
    incoming: memory.kind === 'private' ? ['-incoming', 'defer'] : [],
  }
}

/** Arguments of qemu-system-x86_64 for this guest. Pure: the same spec gives the same words. */
export function qemuArguments(spec: GuestSpec): string[] {
  const { profile, road } = spec
  const memory = memoryWords(spec)
  const payload = spec.payload === null ? [] : ['-fw_cfg', `name=opt/kwitness/payload,file=${spec.payload.replaceAll(',', ',,')}`]
  return [
    '-machine',
    `${MACHINES[road]}${memory.machine}`,
    '-accel',
    profile.accelerator === 'tcg' ? 'tcg,thread=multi' : 'kvm',
    ...(profile.accelerator === 'kvm' ? ['-cpu', 'host'] : []),
    '-smp',
    String(profile.cpus),
    '-m',
    `${profile.memoryMiB}M`,
    ...memory.words,
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

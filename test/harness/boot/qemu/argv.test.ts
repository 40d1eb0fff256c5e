import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kernelCmdline, qemuArguments, type GuestSpec } from '#harness/boot/qemu/argv.ts'
import type { GuestProfile } from '#domain/profile.ts'

const tcg: GuestProfile = { arch: 'x86_64', accelerator: 'tcg', cpus: 1, memoryMiB: 512, cmdline: [] }
const kvm: GuestProfile = { ...tcg, accelerator: 'kvm', cpus: 2, memoryMiB: 1024 }
const spec: GuestSpec = {
  bootMethod: 'microvm-pvh',
  profile: tcg,
  kernel: '/k/vmlinux',
  initramfs: '/i/initramfs.cpio',
  memory: { kind: 'plain' },
  payload: '/p/payload',
  tscKhz: 2596000,
}

const words = (changes: Partial<GuestSpec> = {}): string => qemuArguments({ ...spec, ...changes }).join(' ')
/** The value of an option, which must occur once. */
function valueOf(option: string, changes: Partial<GuestSpec> = {}): string | undefined {
  const all = qemuArguments({ ...spec, ...changes })
  assert.equal(all.filter((word) => word === option).length, 1, option)
  return all[all.indexOf(option) + 1]
}

test('the complete command line of a guest that is booted for one attempt', () => {
  assert.equal(
    words(),
    '-machine microvm,pic=off,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off' +
      ' -accel tcg,thread=multi -smp 1 -m 576M' +
      ' -object memory-backend-ram,id=ram,size=512M' +
      ' -object memory-backend-file,id=payload,size=64M,mem-path=/p/payload,share=off' +
      ' -numa node,nodeid=0,cpus=0-0,memdev=ram -numa node,nodeid=1,memdev=payload' +
      ' -nodefaults -no-user-config -display none -no-reboot -nic none' +
      ' -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny' +
      ' -chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control' +
      ' -chardev file,id=console,path=/dev/fd/4 -device isa-serial,chardev=console,index=0' +
      ' -chardev socket,id=agent,fd=5 -device isa-serial,chardev=agent,index=1' +
      ' -kernel /k/vmlinux -initrd /i/initramfs.cpio' +
      ' -append console=ttyS0 panic=-1 reboot=t rdinit=/init no_timer_check cryptomgr.notests numa=off' +
      ' mem=512M tsc_early_khz=2596000 tsc=reliable -- 0x20000000',
  )
})

test('each boot method has its machine type; nothing else depends on it', () => {
  const machine = (bootMethod: GuestSpec['bootMethod']) => valueOf('-machine', { bootMethod })
  assert.equal(machine('microvm-bzimage'), machine('microvm-pvh'))
  assert.equal(machine('pc-bzimage'), 'pc,usb=off')
  assert.equal(words({ bootMethod: 'pc-bzimage' }).replace('pc,usb=off', machine('microvm-pvh') ?? ''), words())
})

test('under KVM the guest has the CPU of the host and calibrates the counter itself', () => {
  assert.equal(valueOf('-accel', { profile: kvm }), 'kvm')
  assert.equal(valueOf('-cpu', { profile: kvm }), 'host')
  assert.equal(valueOf('-smp', { profile: kvm }), '2')
  assert.equal(valueOf('-m', { profile: kvm }), '1088M')
  assert.equal(words({ profile: tcg }).includes('-cpu'), false)
  assert.equal(kernelCmdline(kvm, 2596000).includes('tsc'), false)
})

test('arguments of a case come last, in their order', () => {
  const cmdline = kernelCmdline({ ...tcg, cmdline: ['b=1', 'a=2', 'panic=0'] }, 1000)
  assert.match(cmdline, /^console=ttyS0 .* tsc=reliable b=1 a=2 panic=0 -- 0x20000000$/)
})

/** Both memory backends, without their common beginning. */
function backendsOf(changes: Partial<GuestSpec>): string[] {
  const all = qemuArguments({ ...spec, ...changes })
  return all.filter((_, index) => all[index - 1] === '-object').map((word) => word.replace('memory-backend-', ''))
}

test('a template shares its memory with the file, an attempt maps it privately and waits for its state', () => {
  const template = { kind: 'template', file: '/g/ram' } as const
  const own = { kind: 'private', file: '/g/ram' } as const
  assert.deepEqual(backendsOf({ memory: template, payload: null }), [
    'file,id=ram,size=512M,mem-path=/g/ram,share=on',
    'file,id=payload,size=64M,mem-path=/g/ram.payload,share=on',
  ])
  assert.deepEqual(backendsOf({ memory: own }), [
    'file,id=ram,size=512M,mem-path=/g/ram,share=off',
    'file,id=payload,size=64M,mem-path=/p/payload,share=off',
  ])
  assert.equal(valueOf('-incoming', { memory: own }), 'defer')
  assert.equal(words({ memory: template }).includes('-incoming'), false)
})

test('a guest that only boots has memory in the place of its payload', () => {
  assert.deepEqual(backendsOf({ payload: null }), ['ram,id=ram,size=512M', 'ram,id=payload,size=64M'])
})

test('except for the files and how they are mapped, a restored guest has the arguments of the saved one', () => {
  const shape = (changes: Partial<GuestSpec>) => words(changes).replaceAll(/,mem-path=[^ ]+| -incoming \S+/g, '')
  const file = '/g/ram'
  assert.equal(shape({ memory: { kind: 'template', file }, payload: null }), shape({ memory: { kind: 'private', file } }))
})

test('the payload lies behind the RAM that the kernel uses, also where QEMU puts a part of that above 4 GiB', () => {
  const tail = (memoryMiB: number) =>
    / (mem=\d+M) .* -- (0x[0-9a-f]+)$/.exec(kernelCmdline({ ...tcg, memoryMiB }, 1000))?.slice(1)
  assert.deepEqual(tail(512), ['mem=512M', '0x20000000'])
  assert.deepEqual(tail(3519), ['mem=3519M', '0xdbf00000'])
  assert.deepEqual(tail(3520), ['mem=4544M', '0x11c000000'])
  assert.deepEqual(tail(8192), ['mem=9216M', '0x240000000'])
})

test('a comma in a path is doubled where QEMU splits at commas, and nowhere else', () => {
  const odd = '/a,b,/c'
  const [ram, payload] = backendsOf({ memory: { kind: 'private', file: odd }, payload: odd })
  assert.equal(ram, 'file,id=ram,size=512M,mem-path=/a,,b,,/c,share=off')
  assert.equal(payload, 'file,id=payload,size=64M,mem-path=/a,,b,,/c,share=off')
  assert.equal(valueOf('-kernel', { kernel: odd }), odd)
  assert.equal(valueOf('-initrd', { initramfs: odd }), odd)
})

test('a fork server may spawn; nothing else differs', () => {
  assert.equal(words({ forks: true }).replace('deny,resourcecontrol', 'deny,spawn=deny,resourcecontrol'), words())
})

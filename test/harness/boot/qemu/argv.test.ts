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
    '-machine microvm,pic=on,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off' +
      ' -accel tcg,thread=multi -smp 1 -m 512M' +
      ' -nodefaults -no-user-config -display none -no-reboot -nic none' +
      ' -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny' +
      ' -chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control' +
      ' -chardev file,id=console,path=/dev/fd/4 -device isa-serial,chardev=console,index=0' +
      ' -chardev socket,id=agent,fd=5 -device isa-serial,chardev=agent,index=1' +
      ' -kernel /k/vmlinux -initrd /i/initramfs.cpio' +
      ' -append console=ttyS0 panic=-1 reboot=t rdinit=/init no_timer_check cryptomgr.notests' +
      ' tsc_early_khz=2596000 tsc=reliable' +
      ' -fw_cfg name=opt/kwitness/payload,file=/p/payload',
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
  assert.equal(valueOf('-m', { profile: kvm }), '1024M')
  assert.equal(words({ profile: tcg }).includes('-cpu'), false)
  assert.equal(kernelCmdline(kvm, 2596000).includes('tsc'), false)
})

test('arguments of a case come last, in their order', () => {
  const cmdline = kernelCmdline({ ...tcg, cmdline: ['b=1', 'a=2', 'panic=0'] }, 1000)
  assert.match(cmdline, /^console=ttyS0 .* tsc=reliable b=1 a=2 panic=0$/)
})

test('a template shares its memory with the file, an attempt maps it privately and waits for its state', () => {
  const template = { kind: 'template', file: '/g/ram' } as const
  const own = { kind: 'private', file: '/g/ram' } as const
  assert.equal(valueOf('-object', { memory: template }), 'memory-backend-file,id=ram,size=512M,mem-path=/g/ram,share=on')
  assert.equal(valueOf('-object', { memory: own }), 'memory-backend-file,id=ram,size=512M,mem-path=/g/ram,share=off')
  assert.equal(valueOf('-incoming', { memory: own }), 'defer')
  assert.equal(words({ memory: template }).includes('-incoming'), false)
  for (const memory of [template, own]) assert.match(valueOf('-machine', { memory }) ?? '', /^microvm,.*,memory-backend=ram$/)
  assert.equal(words().includes('memory-backend'), false)
})

test('except memory and payload, a restored guest has the arguments of the saved one', () => {
  const shape = (changes: Partial<GuestSpec>) => words(changes).replaceAll(/,share=\w+| -(fw_cfg|incoming) \S+/g, '')
  const file = '/g/ram'
  assert.equal(shape({ memory: { kind: 'template', file }, payload: null }), shape({ memory: { kind: 'private', file } }))
})

test('a comma in a path is doubled where QEMU splits at commas, and nowhere else', () => {
  const odd = '/a,b,/c'
  assert.equal(valueOf('-fw_cfg', { payload: odd }), 'name=opt/kwitness/payload,file=/a,,b,,/c')
  assert.match(valueOf('-object', { memory: { kind: 'private', file: odd } }) ?? '', /,mem-path=\/a,,b,,\/c,share=off$/)
  assert.equal(valueOf('-kernel', { kernel: odd }), odd)
  assert.equal(valueOf('-initrd', { initramfs: odd }), odd)
})

test('a guest without a payload has no payload option', () => {
  assert.equal(words({ payload: null }).includes('-fw_cfg'), false)
})

test('a fork server may spawn; nothing else differs', () => {
  assert.equal(words({ forks: true }).replace('deny,resourcecontrol', 'deny,spawn=deny,resourcecontrol'), words())
})

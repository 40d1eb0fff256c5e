/** What the tests of the accelerator begin with: a kernel, a cache of their own, and a stand-in for QEMU before it in PATH. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { KernelImage } from '#domain/kernel.ts'
import { knownAccelerator, proveAccelerator, type ProofOptions } from '#harness/boot/accelerator/prove.ts'
import { readHost } from '#harness/boot/qemu/host.ts'
import { buildInitramfs } from '#harness/image/initramfs.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { inRepository } from '#harness/support/repository.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { acceleratorSchema, type AcceleratorProof } from '#schema/cache/host.ts'
import { readJson } from '#schema/read.ts'
import { fetchKernels } from '#test/helpers/cli.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { createQemuStandIn } from './qemu-stand-in.ts'

/** A kernel that boots, what boots with it, and this host; read once for all tests of a file. */
async function prepare() {
  const workspace = findWorkspace()
  const { v61 } = await fetchKernels()
  const [kernel] = await selectKernels([v61], { workspace })
  assert.ok(kernel)
  const [image, host] = [await fetchKernel(kernel, { workspace }), await readHost(workspace.cache)]
  return { image, host, initramfs: await buildInitramfs(workspace.cache, inRepository('vm-images', 'guest')) }
}
let prepared: ReturnType<typeof prepare> | undefined

/** What one test needs; the search path of this process begins with its stand-in until it is over. */
export async function given(t: TestContext) {
  const { image, host, initramfs } = await (prepared ??= prepare())
  const cache = await temporaryFolder(t)
  const standIn = await createQemuStandIn(cache, host)
  const path = process.env['PATH']
  process.env['PATH'] = standIn.path
  t.after(() => {
    process.env['PATH'] = path
  })
  // A file that opens takes the place of the device: the stand-in does not use it.
  const device = join(cache, 'kvm')
  await writeFile(device, '')
  const notes: string[] = []
  const prove = (options: ProofOptions = {}, kernel: KernelImage = image) =>
    proveAccelerator(cache, kernel, initramfs, host, { device, note: (text) => notes.push(text), ...options })
  const known = async () => {
    const found = await knownAccelerator(cache, host, device)
    assert.ok(found)
    return found
  }
  /** Let the time of all answers pass. */
  const expire = async () => {
    const file = join(cache, 'host', 'accelerator.json')
    const proof = readJson(acceleratorSchema, await readFile(file, 'utf8'))
    assert.ok(proof?.kvm)
    const past = new Date(0).toISOString()
    const { kvm, tcg } = proof.bootTimes
    const old = (time: AcceleratorProof['bootTimes']['kvm']) => time && { ...time, validUntil: past }
    await writeFile(
      file,
      JSON.stringify({ ...proof, kvm: { ...proof.kvm, validUntil: past }, bootTimes: { kvm: old(kvm), tcg: old(tcg) } }),
    )
  }
  return { image, host, initramfs, cache, device, standIn, notes, prove, known, expire }
}

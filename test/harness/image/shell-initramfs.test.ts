/** Which busybox a guest can run. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { isDynamic } from '#harness/image/shell-initramfs.ts'

test('a program with a loader is dynamic; what is not an ELF file, or is cut, is not', async () => {
  const node = await readFile(process.execPath)
  assert.equal(isDynamic(node), true)
  assert.equal(isDynamic(Buffer.from('#!/bin/sh\n')), false)
  assert.equal(isDynamic(node.subarray(0, 40)), false)
})

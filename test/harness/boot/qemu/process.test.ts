/** What is told of a QEMU that ended: its own words, as QEMU 7.2, 10.0 and 11.1 print them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutWarnings } from '#harness/boot/qemu/process.ts'

const DEPRECATED =
  "qemu-system-x86_64: -mon chardev=qmp,mode=control: warning: '-mon' is deprecated, use '-object' with 'monitor-hmp' or " +
  "'monitor-qmp' types instead"

test('warnings of QEMU are not why it ended', () => {
  const refused = 'qemu-system-x86_64: failed to initialize kvm: Permission denied'
  const leftOut = "ERROR: ld.so: object '/proc/self/fd/8' from LD_PRELOAD cannot be preloaded (file too short): ignored."
  assert.equal(withoutWarnings(`${DEPRECATED}\n${refused}\n`), refused)
  assert.equal(withoutWarnings(`${leftOut}\n${DEPRECATED}\n`), leftOut)
  assert.equal(withoutWarnings(`one\n${DEPRECATED}\ntwo`), 'one\ntwo')
  assert.equal(withoutWarnings(DEPRECATED), '')
  assert.equal(withoutWarnings(''), '')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { childEnvironment, isInherited } from '#harness/support/environment.ts'
import { runCommand } from '#harness/support/process.ts'

test('a child inherits no variable that places or configures git', async () => {
  const { stdout } = await runCommand('git', ['rev-parse', '--local-env-vars'])
  const more = 'GIT_CONFIG_GLOBAL GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 GIT_EXTERNAL_DIFF GIT_DIFF_OPTS GIT_EXEC_PATH GIT_TRACE'
  const names = [...stdout.split('\n'), ...more.split(' ')]
  assert.ok(names.length > 20)
  assert.deepEqual(names.filter(isInherited), [])
})

test('nor one that gives options to tar, grep, patch, a shell, make or a compiler', () => {
  const names =
    'TAR_OPTIONS XZ_OPT GREP_OPTIONS POSIXLY_CORRECT PATCH_GET VERSION_CONTROL QUOTING_STYLE BASH_ENV CDPATH ' +
    'BASH_FUNC_tar%% MAKEFLAGS MAKEFILES KBUILD_EXTMOD KCONFIG_ALLCONFIG KCFLAGS KAFLAGS LLVM ' +
    'CPATH C_INCLUDE_PATH CC CFLAGS LDFLAGS SOURCE_DATE_EPOCH DU_BLOCK_SIZE'
  assert.deepEqual(names.split(' ').filter(isInherited), [])
})

test('it inherits everything else, what kwitness sets comes on top, and git may reach a server', () => {
  const caller = {
    PATH: '/bin',
    HOME: '/home/ada',
    GIT_DIR: '/x',
    GIT_SSH_COMMAND: 'ssh -v',
    KWITNESS_CACHE: '/c',
    LANG: 'de_DE',
  }
  assert.deepEqual(childEnvironment({ GIT_DIR: '/own', LC_ALL: 'C' }, caller), {
    PATH: '/bin',
    HOME: '/home/ada',
    GIT_SSH_COMMAND: 'ssh -v',
    KWITNESS_CACHE: '/c',
    LANG: 'de_DE',
    GIT_DIR: '/own',
    LC_ALL: 'C',
  })
})

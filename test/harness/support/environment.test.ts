import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildEnvironment, childEnvironment, isInherited } from '#harness/support/environment.ts'
import { BUILD } from '#harness/kernels/tree/build/make.ts'
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

test('make inherits what it needs to run and nothing that it could take for a variable of its own', async () => {
  const kept = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/home/ada',
    TMPDIR: '/var/tmp',
    CCACHE_DIR: '/c',
    LD_LIBRARY_PATH: '/opt/lib',
  }
  const removed =
    'USERCFLAGS USERLDFLAGS EXTRA_CFLAGS OUTPUT VPATH V O M C W TZ sub_make_done srctree objtree abs_srctree CONFIG_SHELL ' +
    'CCACHE_COMPILER CCACHE_PREFIX CCACHE_EXTRAFILES LC_ALL LANG KBUILD_OUTPUT MAKEFLAGS CONFIG_DEBUG_INFO'
  const caller = { ...Object.fromEntries(removed.split(' ').map((name) => [name, 'x'])), ...kept }
  assert.deepEqual(buildEnvironment({ ARCH: 'x86_64' }, caller), { ...kept, ARCH: 'x86_64' })
  const { stdout } = await runCommand('make', ['-rR', '--eval', 'all: ; @env', '-f', '/dev/null'], { ...BUILD, anyExit: true })
  assert.match(stdout, /^TZ=UTC$/m)
  const inherited = stdout.split('\n').map((line) => line.split('=')[0] ?? '')
  const allowed = [
    ...Object.keys(BUILD.env),
    'PATH',
    'HOME',
    'USER',
    'LOGNAME',
    'TERM',
    'TMPDIR',
    'LD_LIBRARY_PATH',
    'LD_PRELOAD',
  ]
  const ofMake = ['MAKELEVEL', 'MFLAGS', 'MAKE_TERMOUT', 'MAKE_TERMERR', '_', 'PWD', 'SHLVL', 'OLDPWD']
  const strange = inherited.filter((name) => !/^(?:NIX|CCACHE)_/.test(name) && ![...allowed, ...ofMake].includes(name))
  assert.deepEqual(strange, [])
})

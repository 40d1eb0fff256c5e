/**
 * The environment of every child process: the caller's, without the variables that change what git, tar, patch, make, a
 * compiler or a shell does. The same commit must mean the same patch, the same tree and the same kernel for every caller.
 */

/** Variables of git that only concern how it reaches a server: a partial clone fetches what it lacks. */
const GIT_NETWORK = /^GIT_(?:SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|SSL_\w+|PROXY\w*)$/

/** Names of the variables that a child does not inherit, besides those of git. */
const REMOVED: readonly RegExp[] = [
  // tar, and the programs that it and kwitness decompress with
  /^(?:TAR_OPTIONS|TAPE|XZ_OPT|XZ_DEFAULTS|GZIP|ZSTD_\w+|LZ4_\w+)$/,
  // grep, patch, diff, find, du and ls
  /^(?:GREP_OPTIONS|GREP_COLORS?|POSIXLY_CORRECT|_POSIX2_VERSION|PATCH_\w+|VERSION_CONTROL|SIMPLE_BACKUP_SUFFIX|QUOTING_STYLE)$/,
  /^(?:(?:DU_|LS_|DF_)?BLOCK_SIZE|BLOCKSIZE|TIME_STYLE)$/,
  // shells: files that they read first, options, and functions that stand before commands
  /^(?:BASH_ENV|ENV|CDPATH|GLOBIGNORE|SHELLOPTS|BASHOPTS|BASH_COMPAT|BASH_FUNC_.*)$/s,
  // make and kbuild
  /^(?:MAKEFLAGS|MFLAGS|GNUMAKEFLAGS|MAKEFILES|MAKELEVEL|MAKEOVERRIDES|KBUILD_\w+|KCONFIG_\w+|K[ACR]\w*FLAGS|LLVM|LLVM_IAS)$/,
  /^(?:HOST\w*FLAGS|INSTALL_(?:MOD|HDR|DTBS)_\w+|INSTALL_PATH|CROSS_COMPILE|LOCALVERSION|ARCH|SUBARCH|SRCARCH)$/,
  // compiler and linker
  /^(?:CPATH|C_INCLUDE_PATH|LIBRARY_PATH|COMPILER_PATH|GCC_\w+|DEPENDENCIES_OUTPUT|SUNPRO_DEPENDENCIES|SOURCE_DATE_EPOCH)$/,
  /^(?:LD_RUN_PATH|CC|CXX|CPP|LD|AR|AS|NM|STRIP|OBJCOPY|OBJDUMP|HOSTCC|HOSTCXX|(?:C|CPP|CXX|LD|AS)FLAGS|LDLIBS)$/,
]

/** What a child inherits of `caller`, with `own` on top: what kwitness sets itself is always kept. */
export function childEnvironment(
  own: Readonly<Record<string, string | undefined>> = {},
  caller: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(caller).filter(([name]) => isInherited(name))
  return { ...Object.fromEntries(kept), ...own }
}

/**
 * What make and its children inherit: make takes each variable of its environment for one of its own, so that any name can change
 * what it builds (USERCFLAGS, OUTPUT, VPATH, and sub_make_done of a caller that make itself started).
 */
const OF_BUILDS =
  /^(?:PATH|HOME|USER|LOGNAME|TERM|TMPDIR|LD_LIBRARY_PATH|LD_PRELOAD|NIX_\w+|CCACHE_(?!COMPILER|PREFIX|EXTRAFILES|CPP2)\w+)$/

/** What a build inherits of `caller`, with `own` on top. */
export function buildEnvironment(
  own: Readonly<Record<string, string | undefined>> = {},
  caller: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(caller).filter(([name]) => OF_BUILDS.test(name))), ...own }
}

/** Whether a child inherits the variable. */
export function isInherited(name: string): boolean {
  if (name.startsWith('GIT_')) return GIT_NETWORK.test(name)
  return !REMOVED.some((pattern) => pattern.test(name))
}

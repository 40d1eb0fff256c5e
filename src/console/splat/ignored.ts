/** Lines and reports that look like a splat and are not one. */
import type { SplatRule } from './rule.ts'

const ANYTHING = /^/

/** Lines that look like a report and are not one. `report` rows are whole reports to skip: self-tests that splat on purpose. */
export interface IgnoreRule extends Pick<SplatRule, 'id' | 'heads' | 'before'> {
  readonly report?: true
}

/** `DEBUG:`, `ODEBUG:`, `Boot_DEBUG:` and `_INFO:` need no row: a head follows a label or a blank. */
export const IGNORED: readonly IgnoreRule[] = [
  { id: 'lockdep-off', before: ANYTHING, heads: [/INFO: lockdep is turned off/] },
  { id: 'nmi-handler-slow', before: ANYTHING, heads: [/INFO: NMI handler .{0,120} took too long/] },
  { id: 'stall-ended', before: ANYTHING, heads: [/Stall ended before state dump start/] },
  { id: 'mand-mount', before: ANYTHING, heads: [/WARNING: the mand mount option/, /WARNING: The mand mount option/] },
  { id: 'spectre-ebpf', before: ANYTHING, heads: [/Spectre V2 : WARNING: Unprivileged eBPF/] },
  { id: 'unsupported-configuration', before: ANYTHING, heads: [/WARNING: You are running an unsupported configuration/] },
  { id: 'ssh-moduli', before: ANYTHING, heads: [/WARNING: \/etc\/ssh\/moduli/] },
  {
    id: 'sanitizer-selftest',
    // The module is named at the end of the headline, and is rarer than its beginning.
    before: /^.{0,80}BUG: K\w{2,8}: /,
    report: true,
    heads: [/\[test_kasan\]/, /\[kasan_test\]/, /\[kfence_test\]/, /\[kcsan_test\]/, /\[kmsan_test\]/],
  },
]

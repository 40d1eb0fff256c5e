/** Options that mean the same wherever they stand. */
export type OptionRow = readonly [flags: string, meaning: string]

/** By the names that a command takes them by. */
export const SHARED = {
  out: ['--out <folder>', 'where to leave the report (default: reports/out/RUN)'],
  accel: ['--accel <name>', 'kvm or tcg, instead of the one proven here'],
  cores: ['--cores <n>', 'vCPUs to run side by side (default: the cores of this machine)'],
  jobs: ['--jobs <n>', 'make jobs when a kernel is built (default: the cores of this machine)'],
  timings: ['--timings', 'show where the time went, and leave trace.json beside the report, for Perfetto or Chrome'],
  seed: ['--seed <n>', 'seed of the run (default: drawn)'],
  bound: ['--bound <chance>', 'believe a clean race at this chance of a miss (default: 1e-6)'],
  freshBoot: ['--fresh-boot', 'boot for every attempt instead of restoring a saved guest'],
  noFork: ['--no-fork', 'restore a guest for every attempt instead of forking one'],
  catalogue: ['--catalogue <folder>', 'take the cases from this folder'],
  mirror: ['--mirror <url>', 'Debian mirror, instead of the one in the apt configuration'],
} as const satisfies Readonly<Record<string, OptionRow>>

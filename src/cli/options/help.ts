/** What `--help` says below the options of a command: exit codes, and examples. */

const EXITS = `
Exit codes:
  0  the question was answered and nothing contradicts what was expected
  1  findings: claimed but lacks, a broken case, or what --fail-on names
  2  usage     3  infrastructure     130  interrupted`

export const KWITNESS_HELP = `${EXITS}

Examples:
  kwitness run                                     the default set of kernels, every case
  kwitness run --kernels 'debian:6.1.*' --cases 'uffd-*'
  kwitness report --format html --out matrix.html  the newest run as one page
  kwitness kernels list                            every kernel that can be had
  kwitness verify --tree debian-5.10 --patch FILE  does a patch fix its case, and break nothing?
  kwitness controls                                what clean races are weighed against, measured here`

export const RUN_HELP = `${EXITS}

Examples:
  kwitness run
  kwitness run --kernels debian:latest-of-each-series --cases uffd-mmap-changing-atomic
  kwitness run --kernels file:arch/x86/boot/bzImage --fail-on lacks
  kwitness run --kernels tree:debian-5.10,patch=my.patch --cases 'uffd-*'
  kwitness run --suite kselftest:mm --tree debian-6.12 --kernels debian:latest-of-each-series
  kwitness run --suite kselftest:mm --tree /src/linux --cases 'uffd-*,cow' --kernels 'debian:6.12.*'
  kwitness run --resume`

export const BOUNDARY_HELP = `
Both ends of a series are asked first. Where they differ the search halves what lies between, beginning where the
paperwork says; where they are alike it asks the middle. Kernels without an answer are walked around. It cannot see a
change that was undone again between two kernels that answer alike: kwitness run asks every kernel.
${EXITS}

Examples:
  kwitness boundary --case uffd-eagain-output
  kwitness boundary --case uffd-eagain-output --series 6.1.y,6.12.y --json
  kwitness boundary --case 'uffd-*' --kernels 'debian:6.1.*/amd64'
  kwitness boundary --resume`

export const CONTROLS_HELP = `
A known-bad control must reproduce its case, a known-good one must stay clean, and every other case
must answer as on the base. Only then the rates of races are kept, for the verdicts of later runs.

Exit codes:
  0  the square holds
  1  it does not: a control that does not show what it must, or changes a neighbour
  2  usage     3  infrastructure     130  interrupted

Examples:
  kwitness controls
  kwitness controls --line 5.10 --fix 57efa1fe5957
  kwitness controls --cases 'gup-*,uffd-fork-event' --json
  kwitness controls --sweep --line 6.1`

export const REPORT_HELP = `${EXITS}

Examples:
  kwitness report
  kwitness report 2026-01-31-1 --format ktap
  kwitness report --format html --out matrix.html`

export const REPLAY_HELP = `
The run stays as it is: what the replay showed is printed and left in a folder.

Exit codes:
  0  the outcome is the same     1  it is another one
  2  usage, or the kernel or the reproducer is no longer what it was     3  infrastructure     130  interrupted

Examples:
  kwitness replay 5.10.262/uffd-mmap-changing-atomic
  kwitness replay 5.10.262/gup-fast-vs-fork --attempt 2 --json`

/** `kwitness help selectors`: the grammar of kernel selectors, and the named sets. */
import type { KernelSet } from '#schema/catalogue/kernel-sets.ts'
import type { Definitions } from './text.ts'
import { definitions, wrap } from './wrap.ts'

const ABOUT = [
  `A selector names kernels. --kernels takes selectors, and so do "kwitness kernels list" and "kwitness kernels pull". Commas
  separate selectors (--kernels a,b), and --kernels may be given again. A selector with a path (tree:, file:, image:) reaches to
  the end of its text: write it last, or in a --kernels of its own.`,
  `A path may hold any character: kwitness takes the longest text that names something that is there, so tree:/ws@2/linux and
  patch=/tmp/a,b.patch are read as they stand. Where that is not what you mean, a backslash before a comma, an @ or a backslash
  makes it part of the path: tree:/ws\\@2/linux@v6.1,patch=/tmp/a\\,b.patch.`,
  'Cases are named by id, by glob (uffd-*) or by the word all. Commas separate them.',
]

const DEBIAN: Definitions = [
  ['VERSIONS', 'a version, package version or series, where * and ? stand for any text: 6.1.* 6.1.170 6.1.170-3 6.1.y 7.3~rc*'],
  ['', 'or bounds that must all hold: >=6.12.85,<6.13'],
  ['', 'or latest-of-each-series, oldest-of-each-series'],
  ['PICK', 'newest or oldest: one kernel of each series and flavour'],
  ['FLAVOUR', 'cloud-amd64 (when left out), amd64 or rt-amd64; * and ? as above'],
  ['SUITE', 'the suite that lists the kernel, such as bookworm-security'],
]

const IMAGE: Definitions = [
  ['format=', 'where the image does not say it, or says another thing than its name'],
  ['user=', 'who logs in, and becomes root by sudo (when left out: root)'],
  ['key=', "a private key without a passphrase, or agent (when left out: cloud-init of the image gets kwitness' own key)"],
]

const EXAMPLES: Definitions = [
  ['the newest kernel of two series', 'kwitness run --kernels debian:6.1.y:newest,debian:6.12.y:newest'],
  ['the generic kernels of a range of versions', "kwitness kernels list 'debian:>=6.12.85,<6.13/amd64'"],
  ['two machines in use, beside the newest packaged kernel', 'kwitness run --kernels running,ssh:db1,debian:6.1.y:newest'],
  ['a cloud image with its own kernel', 'kwitness run --kernels image:debian-12-genericcloud-amd64.qcow2'],
  ['your tree with your patch, beside the default set', 'kwitness run --kernels default,tree:linux@HEAD,patch=my.patch'],
]

const tree = (fragments: readonly string[]): Definitions => [
  ['SOURCE', "debian-5.10: the newest source package of a series in Debian's archive"],
  ['', 'debian-5.10.223-1: that package version'],
  ['', 'linux@v6.1.170: a git tree at a revision'],
  ['', 'linux, linux-6.1.tar.xz: a folder as it stands, or a tarball'],
  ['patch=', 'a patch to apply; the order is that of the selector'],
  ['config=', `a config fragment on top of the base: ${fragments.join(', ')}, or a path`],
]

/** The text of the topic for so many columns. `sets` by name; `fragments`: names of config fragments. */
export function selectorsHelp(sets: Readonly<Record<string, KernelSet>>, fragments: readonly string[], width: number): string {
  const blocks = [
    ...ABOUT.map((text) => wrap(text, width)),
    ['debian:VERSIONS[:PICK][/FLAVOUR][@SUITE]', "  kernels of Debian's archive and of its pool"],
    definitions(DEBIAN, width),
    ['tree:SOURCE[,patch=FILE]...[,config=FRAGMENT]...', '  a kernel built from source'],
    definitions(tree(fragments), width),
    ['file:IMAGE[,config=FILE][,modules=FOLDER]', '  a bzImage or vmlinux that you built'],
    ['image:DISK[,format=raw|qcow2][,user=NAME,key=FILE]', '  the kernel on a disk image, which boots by itself'],
    definitions(IMAGE, width),
    ['KERNEL-ID', '  one kernel, as listings and reports write it:', '  debian-6.1.170-3-cloud-amd64'],
    ['running', '  the kernel of this machine (only kwitness run)'],
    ['ssh:[USER@]HOST[:PORT]', '  that of a machine by ssh (only kwitness run)'],
    ['SET', '  a named set of selectors (vm-images/kernels.json):'],
    definitions(
      Object.entries(sets).map(([name, { about }]) => [name, about]),
      width,
    ),
    ['Examples:', ...EXAMPLES.flatMap(([what, line]) => [`  # ${what}`, `  ${line}`])],
  ]
  return blocks.map((lines) => lines.join('\n')).join('\n\n')
}

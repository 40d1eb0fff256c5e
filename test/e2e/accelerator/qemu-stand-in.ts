/**
 * A program named like QEMU that comes first in PATH and runs the real one. It stands in for a KVM that works by emulating what
 * KVM is asked for, and can delay QEMU, let it hang or refuse KVM.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { existsSync } from 'node:fs'

const NAME = 'qemu-system-x86_64'

/** What the stand-in does to QEMUs that are asked for one accelerator. */
interface Treatment {
  /** Seconds before QEMU starts. */
  readonly delay?: number
  /** Never start it. */
  readonly hang?: true
  /** End with this message, as QEMU does. */
  readonly refuse?: string
  /** End by this signal: ABRT as QEMU does where it cannot go on, KILL as others do to it. */
  readonly signal?: 'ABRT' | 'KILL'
}

export interface QemuStandIn {
  /** PATH with the stand-in first. */
  readonly path: string
  /** Change what it does from the next start on. */
  readonly treat: (kvm: Treatment, tcg?: Treatment) => Promise<void>
}

/** Perl sleeps and becomes QEMU in one process, so that killing it leaves nothing behind. */
const SCRIPT = `#!/usr/bin/perl
use strict;
my ($real, $file) = ('@REAL@', '@FILE@');
my @words = @ARGV;
exec $real, @words if grep { $_ eq '--version' } @words;
my $asked = (grep { $_ eq 'kvm' } @words) ? 'kvm' : 'tcg';
my %do = do { open my $in, '<', $file or die $!; map { /^(\\w+) (\\w+) (.*)$/ && $1 eq $asked ? ($2, $3) : () } <$in> };
sleep 1 while $do{hang};
sleep $do{delay} if $do{delay};
kill $do{signal}, $$ if $do{signal};
if ($do{refuse}) { print STDERR "qemu-system-x86_64: $do{refuse}\\n"; exit 1 }
my @out;
while (@words) {
  my $word = shift @words;
  if ($asked eq 'kvm' && $word eq '-cpu') { shift @words; next }
  push @out, $word eq 'kvm' ? 'tcg,thread=multi' : $word;
  push @out, 'tsc_early_khz=@KHZ@ tsc=reliable ' . shift @words if $asked eq 'kvm' && $word eq '-append';
}
exec $real, @out;
`

/** Put a stand-in into this folder. `tscKhz`: rate of the host's time stamp counter, which emulated guests must know. */
export async function createQemuStandIn(folder: string, { tscKhz }: { readonly tscKhz: number }): Promise<QemuStandIn> {
  const inherited = process.env['PATH'] ?? ''
  const real = inherited
    .split(delimiter)
    .map((one) => join(one, NAME))
    .find((file) => existsSync(file))
  if (real === undefined) throw new Error(`there is no ${NAME} in PATH`)
  const bin = join(folder, 'bin')
  const file = join(folder, 'treatment')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, NAME), SCRIPT.replace('@REAL@', real).replace('@FILE@', file).replace('@KHZ@', String(tscKhz)))
  await chmod(join(bin, NAME), 0o755)
  const treat = (kvm: Treatment, tcg: Treatment = {}) => {
    const lines = (name: string, treatment: Treatment) =>
      Object.entries(treatment).map(([key, value]) => `${name} ${key} ${value}\n`)
    return writeFile(file, [...lines('kvm', kvm), ...lines('tcg', tcg)].join(''))
  }
  await treat({})
  return { path: [bin, inherited].join(delimiter), treat }
}

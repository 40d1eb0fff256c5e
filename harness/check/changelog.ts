/** The changelog of the package that a machine's kernel came in, read where the package manager keeps it. */
import type { Transport } from '../transport/command/contract.ts'

/** A changelog as the package manager gives it. */
export interface HostChangelog {
  readonly manager: 'dpkg' | 'rpm'
  /** Name and version of the package: `linux-image-6.1.0-18-amd64 6.1.76-1`. */
  readonly package: string
  readonly text: string
}

/** Beyond that a text is not a changelog. */
const MAX_BYTES = 32 << 20
const LIMIT_SECONDS = 60

/**
 * Says in its first line what it found. Ubuntu keeps the changelog with the modules, Debian since 6.18 with linux-base; the image
 * has a link to it.
 */
const SCRIPT = [
  'release=$(uname -r)',
  'for name in "linux-modules-$release" "linux-image-$release" "linux-image-unsigned-$release" "linux-base-$release"; do',
  '  file=/usr/share/doc/$name/changelog.Debian.gz',
  '  if test -r "$file" && found=$(dpkg-query -W -f \'${Package} ${Version}\' "$name" 2>/dev/null); then',
  '    echo "kwitness-changelog: dpkg $found"; gzip -dc "$file"; exit 0',
  '  fi',
  'done',
  'for file in "/lib/modules/$release/vmlinuz" "/boot/vmlinuz-$release"; do',
  '  test -e "$file" || continue',
  '  if found=$(rpm -qf --qf \'%{NAME} %{VERSION}-%{RELEASE}\' "$file" 2>/dev/null); then',
  '    echo "kwitness-changelog: rpm $found"; rpm -qf --changelog "$file"; exit 0',
  '  fi',
  'done',
  'exit 1',
].join('\n')

const HEAD = /^.*kwitness-changelog: (dpkg|rpm) (\S+ \S+)$/m

/** Read it over a transport; null where the kernel came in no package, or its changelog was left out. */
export async function readHostChangelog(transport: Transport, signal: AbortSignal | undefined): Promise<HostChangelog | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    const end = await transport.run({
      argv: ['sh', '-c', SCRIPT],
      onOutput: (chunk) => {
        bytes += chunk.length
        if (bytes <= MAX_BYTES) chunks.push(chunk)
      },
      limitSeconds: LIMIT_SECONDS,
      signal,
    })
    signal?.throwIfAborted()
    if (end.kind !== 'exited' || end.code !== 0 || bytes > MAX_BYTES) return null
  } finally {
    await transport.close()
  }
  const output = Buffer.concat(chunks).toString('utf8')
  // A login shell may print before it.
  const head = HEAD.exec(output)
  if (!head) return null
  const [line, manager, name = ''] = head
  return { manager: manager as 'dpkg' | 'rpm', package: name, text: output.slice(head.index + line.length + 1) }
}

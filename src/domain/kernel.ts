/** Kernels: one bootable build each. Two builds of one version are two kernels. */

export type ProviderName = 'debian' | 'file' | 'tree' | 'image' | 'host'

/** The state of a kernel: in the cache, available, or listed by an index whose pool no longer has it. */
type KernelState = 'cached' | 'available' | 'not-on-mirror'

export interface Kernel {
  /** One string, safe as a path and accepted on the command line: `debian-6.1.170-1-cloud-amd64`. */
  readonly id: string
  readonly provider: ProviderName
  /** Upstream version: `6.1.170`, `7.3~rc7`. */
  readonly version: string
  /** `6.1.y`; a version without a patch level still belongs to its `X.Y.y`. */
  readonly series: string
  /** Build of that version within the provider: Debian's package version, a content hash, a commit. */
  readonly build: string
  /** `cloud-amd64`, `amd64`, `rt-amd64`; `custom` where the provider knows no flavours. */
  readonly flavour: string
  readonly arch: 'x86_64' | 'aarch64'
  /** The machine that runs it; only with the provider `host`. */
  readonly host?: string
}

/** A kernel as a provider lists it. */
export interface ListedKernel extends Kernel {
  readonly state: KernelState
  /** Bytes to download, or of the cached image; null when unknown. */
  readonly bytes: number | null
  /** Where it comes from, for people: `bookworm-security`, a path. */
  readonly origin: string
}

/** A kernel that a run knows from a listing, tested or not; `notOnMirror` means listed and no longer available. */
export interface KnownKernel extends Kernel {
  readonly notOnMirror: boolean
}

/** The files of a fetched kernel. Paths are absolute and inside the cache; read-only to everybody. */
export interface KernelImage {
  readonly kernel: Kernel
  /** sha256 of the boot file (bzImage where there is one, else vmlinux), hex. */
  readonly sha256: string
  readonly bzImage: string | null
  /** Uncompressed ELF, for the PVH entry; null where it could not be extracted. */
  readonly vmlinux: string | null
  readonly config: string | null
  /** Directory laid out as /lib/modules/<release>, or null when none came with it. */
  readonly modules: string | null
  /** The disk that the kernel is on, which boots it; absent where kwitness boots the files above. */
  readonly disk?: BootDisk
}

/** A disk image of the user, and how to log in to what it boots. */
interface BootDisk {
  readonly path: string
  readonly format: 'raw' | 'qcow2'
  readonly user: string
  /** Path of a private key, `agent` for the agent of ssh, null where kwitness brings a key by cloud-init. */
  readonly key: string | null
}

